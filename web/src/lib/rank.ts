/** What matches the typed words, best first: at the start of the text, at the start of a word, anywhere. */
export function rank<T>(items: T[], typed: string, textOf: (item: T) => string): T[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  const scored = items.flatMap((item, index) => {
    const text = textOf(item).toLowerCase();
    let score = 0;
    for (const word of words) {
      const at = text.indexOf(word);
      if (at < 0) return [];
      if (at === 0) score += 3;
      else if (/[\s\-_/]/.test(text.charAt(at - 1))) score += 2;
      else score += 1;
    }
    return [{ item, score, index }];
  });
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).map(({ item }) => item);
}
