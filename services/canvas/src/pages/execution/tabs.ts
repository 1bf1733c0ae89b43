export const executionTabs = ['graph', 'timeline', 'journal'] as const;
