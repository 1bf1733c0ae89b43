import type { LucideIcon } from 'lucide-react';
import { useEffect } from 'react';
import { create } from 'zustand';

/** What can be done on the page that is open, for the command palette. */
export interface PageCommand {
  id: string;
  label: string;
  icon: LucideIcon;
  run: () => void;
}

export const usePalette = create<{ commands: PageCommand[] }>(() => ({ commands: [] }));

/** Offers commands while mounted; several parts of a page may. `commands` must be stable. */
export function usePageCommands(commands: PageCommand[]): void {
  useEffect(() => {
    usePalette.setState((old) => ({ commands: [...old.commands, ...commands] }));
    return () =>
      usePalette.setState((old) => ({
        commands: old.commands.filter((one) => !commands.includes(one)),
      }));
  }, [commands]);
}
