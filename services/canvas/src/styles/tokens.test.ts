import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

function tokens(theme: string): Map<string, string> {
  const block = new RegExp(`data-theme="${theme}"\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]));
}

/** WCAG 2: relative luminance and contrast. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const tones = ['queued', 'running', 'waiting', 'success', 'danger', 'muted', 'undone'];
const surfaces = ['bg', 'bg-canvas', 'surface', 'surface-2', 'surface-3', 'card', 'overlay'];
const pairs = [
  ...tones.map((tone) => [tone, `${tone}-bg`]),
  ...tones.map((tone) => [tone, 'surface']),
  ...surfaces.flatMap((surface) => [
    ['text', surface],
    ['text-2', surface],
  ]),
  ...['bg', 'surface', 'surface-2', 'card', 'overlay', 'bg-canvas'].map((surface) => [
    'text-3',
    surface,
  ]),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['accent-text', 'surface'],
  ['accent-text', 'accent-bg'],
  ...['code-key', 'code-string', 'code-number', 'code-atom'].map((code) => [code, 'bg']),
] as [string, string][];

describe.each(['dark', 'light'])('%s tokens', (theme) => {
  const found = tokens(theme);
  it('are complete', () => {
    const other = tokens(theme === 'dark' ? 'light' : 'dark');
    expect([...found.keys()].sort()).toEqual([...other.keys()].sort());
  });
  it.each(pairs)('%s is readable on %s', (text, background) => {
    expect(contrast(found.get(text)!, found.get(background)!)).toBeGreaterThanOrEqual(4.5);
  });
});
