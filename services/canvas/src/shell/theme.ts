import { create } from 'zustand';
import { storage } from '@/lib/storage';

export type ThemeChoice = 'system' | 'dark' | 'light';
const key = 'agentflow.theme';
const light = matchMedia('(prefers-color-scheme: light)');

/** The chosen theme and the one in force; public/theme.js sets it before the first paint. */
export const useTheme = create<{ choice: ThemeChoice; theme: 'dark' | 'light' }>(() => {
  const choice = (storage.get(key) as ThemeChoice | null) ?? 'system';
  return { choice, theme: resolve(choice) };
});

function resolve(choice: ThemeChoice): 'dark' | 'light' {
  if (choice !== 'system') return choice;
  return light.matches ? 'light' : 'dark';
}

export function setTheme(choice: ThemeChoice): void {
  storage.set(key, choice === 'system' ? null : choice);
  const theme = resolve(choice);
  document.documentElement.dataset['theme'] = theme;
  useTheme.setState({ choice, theme });
}

export const toggleTheme = () => setTheme(useTheme.getState().theme === 'dark' ? 'light' : 'dark');

light.addEventListener('change', () => setTheme(useTheme.getState().choice));
