/** A word on a new password while it is typed. The server decides; this only helps. */
export function password(text: string): string {
  const missing = 10 - text.length;
  if (missing > 0) return `${missing} more ${missing === 1 ? "character" : "characters"} needed.`;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(text)).length;
  const different = new Set(text).size;
  if (different < 6) return "Weak: it repeats few characters.";
  if (text.length >= 16 || (text.length >= 12 && kinds >= 3)) return "Strong.";
  return "Good enough; longer is better.";
}
