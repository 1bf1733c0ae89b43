/**
 * How well a label fits what was typed, 0 being best: each word begins a word of the label (0),
 * stands within one (1), or its letters occur in order (2). Infinity: not at all.
 */
export function rankOf(label: string, wanted: string): number {
  const text = label.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .reduce((sum, word) => sum + rankOfWord(text, word), 0);
}

function rankOfWord(text: string, word: string): number {
  if (text.startsWith(word) || text.includes(` ${word}`)) return 0;
  if (text.includes(word)) return 1;
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return Infinity;
  }
  return 2;
}
