export const executionTabs = ['graph', 'timeline', 'journal', 'checkpoints'] as const;
