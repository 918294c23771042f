// Two ways to do the same, in turns: whatever else the machine does meanwhile hits both.

/**
 * Does both once to warm up, then `count` times. Who is first changes from pair to pair, for the
 * second one may find something warm. Gives the samples of each.
 */
export async function inPairs(count, label, first, second) {
  const samples = [[], []];
  for (let pair = 0; pair <= count; pair++) {
    const turns = [
      [first, samples[0]],
      [second, samples[1]],
    ];
    if (pair % 2) turns.reverse();
    for (const [measure, kept] of turns) {
      const sample = await measure();
      if (pair > 0) kept.push(sample);
    }
    console.error(pair === 0 ? `bench: ${label}: warmed up` : `bench: ${label}: pair ${pair} of ${count} is done`);
  }
  return samples;
}
