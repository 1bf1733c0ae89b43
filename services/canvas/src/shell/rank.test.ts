import { describe, expect, it } from 'vitest';
import { rankOf } from './rank';

describe('the rank of a command', () => {
  it.each([
    ['Review board Workflow', 'review', 0],
    ['Review board Workflow', 'board re', 0],
    ['Review board Workflow', 'view', 1],
    ['browser-approval in the browser Workflow', 'review', 2],
    ['Agents Page', 'review', Infinity],
    ['Agents Page', '', 0],
  ])('%s for "%s"', (label, wanted, rank) => {
    expect(rankOf(label, wanted)).toBe(rank);
  });
});
