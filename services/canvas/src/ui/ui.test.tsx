import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import type { Json } from '@/api/types';
import { durationMs, formatAgo, formatBytes, formatDuration, shortId, toInt } from '@/lib/format';
import { ProblemNotice } from './basics';
import { JsonView } from './json/json-view';
import { PayloadLink } from './json/payload-link';
import { asPayloadReference, jsonRows, looksLikeMarkdown, mainText, preview } from './json/rows';
import { ExecutionBadge } from './state-badge';
import { Tabs } from './tabs';

vi.mock('@/session/session', async (original) => ({
  ...(await original<object>()),
  authorizedFetch: (request: Request) => fetch(request),
}));

describe('formats', () => {
  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 m 0 s'],
    [252_000, '4 m 12 s'],
    [7_500_000, '2 h 5 m'],
    [273_600_000, '3 d 4 h'],
    [undefined, '–'],
  ])('%s ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
  it('reads protobuf durations', () => {
    expect(durationMs('1.25s')).toBe(1250);
    expect(durationMs('soon')).toBeUndefined();
  });
  it('tells how long ago', () => {
    const now = Date.parse('2026-06-01T12:00:00Z');
    expect(formatAgo(now - 2000, now)).toBe('just now');
    expect(formatAgo(now - 125_000, now)).toBe('2 min. ago');
    expect(formatAgo(now - 30 * 86_400_000, now)).toBe('May 2, 2026');
  });
  it('handles names and counts', () => {
    expect(shortId('executions/1234567890')).toBe('12345678');
    expect([toInt('42'), toInt(7), toInt(undefined)]).toEqual([42, 7, 0]);
    expect([formatBytes(900), formatBytes(2_340_000)]).toEqual(['900 B', '2.3 MB']);
  });
});

describe('jsonRows', () => {
  const value = { a: [1, { b: 'x' }], 'k/e~y': null };
  it('opens two levels and names places by pointer', () => {
    expect(jsonRows(value, new Set()).map((row) => row.path)).toEqual([
      '',
      '/a',
      '/a/0',
      '/a/1',
      '/k~1e~0y',
    ]);
  });
  it('toggles a place', () => {
    expect(jsonRows(value, new Set(['/a/1'])).map((row) => row.path)).toContain('/a/1/b');
    expect(jsonRows(value, new Set([''])).map((row) => row.path)).toEqual(['']);
  });
  it('says what is inside', () => {
    expect(preview(value)).toBe('a, k/e~y');
    expect(preview([1])).toBe('1 item');
  });
  it('finds the text worth reading', () => {
    const report = `# Report\n\n${'word '.repeat(30)}`;
    expect(mainText(report)).toBe(report);
    expect(mainText({ report, passed: true })).toBe(report);
    expect(mainText({ a: report, b: report })).toBeUndefined();
    expect(mainText('short')).toBeUndefined();
    expect(looksLikeMarkdown(report)).toBe(true);
    expect(looksLikeMarkdown('two\nlines')).toBe(false);
  });
});

describe('components', () => {
  it('says a state in words, not by colour alone', () => {
    render(<ExecutionBadge state="TIMED_OUT" />);
    expect(screen.getByText('Timed out').querySelector('svg')).not.toBeNull();
  });

  it('shows reason and request of a problem', async () => {
    const retry = vi.fn();
    const error = new Problem({
      status: 503,
      reason: 'BACKEND_UNAVAILABLE',
      message: 'Later.',
      requestId: 'r-9',
    });
    render(<ProblemNotice error={error} onRetry={retry} />);
    const alert = screen.getByRole('alert');
    for (const text of ['Later.', 'BACKEND_UNAVAILABLE', 'r-9'])
      expect(alert.textContent).toContain(text);
    await userEvent.setup().click(screen.getByRole('button', { name: 'Try again' }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it('moves between tabs by arrow keys', async () => {
    const select = vi.fn();
    render(
      <Tabs
        label="T"
        items={[
          { id: 'a', label: 'A' },
          { id: 'b', label: 'B' },
        ]}
        selected="a"
        onSelect={select}
      />,
    );
    screen.getByRole('tab', { name: 'A' }).focus();
    await userEvent.setup().keyboard('{ArrowLeft}');
    expect(select).toHaveBeenCalledWith('b');
  });

  it('renders Markdown without the HTML in it', async () => {
    const text = `# Report\n\n<script>alert(1)</script>\n\n[link](javascript:alert(1)) ${'word '.repeat(20)}`;
    const { container } = render(<JsonView title="Output" value={text} />);
    expect(await screen.findByRole('heading', { name: 'Report', level: 1 })).toBeDefined();
    expect(container.querySelector('script')).toBeNull();
    expect(screen.getByText('link').getAttribute('href')).not.toMatch(/javascript/);
  });
  it('downloads what a value only names', async () => {
    const name = `payloads/${'a'.repeat(64)}`;
    const asked: string[] = [];
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(async (request) => {
      asked.push(new URL((request as Request).url).pathname);
      return asked.length === 1
        ? Response.json({ name, data: btoa('\xff\x00') })
        : Response.json({ reason: 'PAYLOAD_NOT_FOUND', detail: 'kept no longer' }, { status: 404 });
    });
    const saved: Blob[] = [];
    URL.createObjectURL = (blob) => String(saved.push(blob as Blob));
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
    render(<PayloadLink reference={{ $payload: name, size: 1_048_576 }} />);
    const button = screen.getByRole('button', { name: 'Download 1.0 MB' });
    await userEvent.click(button);
    await vi.waitFor(() => expect(clicked).toHaveBeenCalledOnce());
    expect(saved.map((blob) => blob.size)).toEqual([2]);
    await userEvent.click(button);
    expect((await screen.findByRole('alert')).textContent).toContain('kept no longer');
    expect(asked).toEqual([`/v1/${name}`, `/v1/${name}`]);
    fetching.mockRestore();
    clicked.mockRestore();
  });
  it.each<Json>([null, 'payloads/x', [], {}, { $payload: 7 }, { $payload: 'payloads/../x' }])(
    'sees no payload in %j',
    (value) => expect(asPayloadReference(value)).toBeUndefined(),
  );
});
