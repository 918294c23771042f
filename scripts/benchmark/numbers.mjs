// Figures as people read them.
export const MB = 1_000_000;

export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const time = (ms) => (ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`);
export const size = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
export const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en")} lines/s`;
export const rounded = (samples) => samples.map((sample) => Math.round(sample * 100) / 100);
