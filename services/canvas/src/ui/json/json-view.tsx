import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronRight } from 'lucide-react';
import { type CSSProperties, lazy, Suspense, useMemo, useRef, useState } from 'react';
import type { Json } from '@/api/types';
import { Button, CopyButton } from '../basics';
import css from './json-view.module.css';
import { PayloadLink } from './payload-link';
import {
  asPayloadReference,
  type JsonRow,
  jsonRows,
  looksLikeMarkdown,
  mainText,
  preview,
} from './rows';

const Markdown = lazy(() => import('./markdown'));

type Mode = 'text' | 'tree' | 'raw';
/** Raw text beyond this is cut on screen; copying still gives all of it. */
const maxRaw = 200_000;
const maxLine = 600;

/** A region that scrolls must be reachable by keyboard. */
const scrolling = { tabIndex: 0 };

/** A JSON value to read: as text where it is one, as a tree, or raw; always to copy. */
export function JsonView({ title, value }: { title: string; value: Json | undefined }) {
  const text = mainText(value);
  const [chosen, setChosen] = useState<Mode>();
  const mode = chosen ?? (text !== undefined ? 'text' : 'tree');
  const modes: Mode[] = text !== undefined ? ['text', 'tree', 'raw'] : ['tree', 'raw'];
  const next = modes[(modes.indexOf(mode) + 1) % modes.length]!;
  return (
    <section className={css.box} aria-label={title}>
      <header className={css.bar}>
        <h3>{title}</h3>
        {value !== undefined && (
          <>
            <Button kind="quiet" size="small" onClick={() => setChosen(next)}>
              {`Show ${next}`}
            </Button>
            <CopyButton label={`Copy ${title.toLowerCase()}`} text={() => plain(value)} />
          </>
        )}
      </header>
      <Body mode={mode} value={value} text={text} />
    </section>
  );
}

function Body({
  mode,
  value,
  text,
}: {
  mode: Mode;
  value: Json | undefined;
  text: string | undefined;
}) {
  if (value === undefined) return <p className={css.none}>None</p>;
  if (mode === 'text' && text !== undefined) {
    if (!looksLikeMarkdown(text))
      return (
        <pre className={css.raw} {...scrolling}>
          {text.slice(0, maxRaw)}
        </pre>
      );
    return (
      <Suspense
        fallback={
          <pre className={css.raw} {...scrolling}>
            {text}
          </pre>
        }
      >
        <div className={css.markdown} data-markdown="" {...scrolling}>
          <Markdown text={text.slice(0, maxRaw)} />
        </div>
      </Suspense>
    );
  }
  if (mode === 'raw') return <Raw value={value} />;
  return <Tree value={value} />;
}

function Raw({ value }: { value: Json }) {
  const all = useMemo(() => JSON.stringify(value, null, 2), [value]);
  return (
    <pre className={css.raw} {...scrolling}>
      {all.slice(0, maxRaw)}
      {all.length > maxRaw && '\n… cut here; copy to have all of it'}
    </pre>
  );
}

function Tree({ value }: { value: Json }) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => jsonRows(value, toggled), [value, toggled]);
  const scroll = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 20,
    overscan: 20,
    getItemKey: (index) => rows[index]!.path,
  });
  const toggle = (path: string) => {
    const next = new Set(toggled);
    if (!next.delete(path)) next.add(path);
    setToggled(next);
  };
  return (
    // A scrolling region must be reachable by keyboard.
    <div ref={scroll} className={css.tree} tabIndex={0}>
      <div className={css.rows} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            className={css.row}
            style={
              {
                '--depth': rows[item.index]!.depth,
                transform: `translateY(${item.start}px)`,
              } as CSSProperties
            }
          >
            <Line row={rows[item.index]!} onToggle={toggle} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Line({ row, onToggle }: { row: JsonRow; onToggle: (path: string) => void }) {
  const [whole, setWhole] = useState(false);
  const branch = row.size !== undefined;
  const payload = asPayloadReference(row.value);
  return (
    <>
      {branch && row.size! > 0 ? (
        <button
          type="button"
          className={css.twist}
          aria-expanded={row.open}
          aria-label={row.key ?? 'value'}
          onClick={() => onToggle(row.path)}
        >
          <ChevronRight size={13} aria-hidden />
        </button>
      ) : (
        <span className={css.twist} />
      )}
      {row.key !== undefined && <span className={css.key}>{row.key}</span>}
      {branch ? (
        <span className={css.closed}>
          {Array.isArray(row.value) ? `[${row.size || ''}] ` : `{${row.size || ''}} `}
          {!row.open && preview(row.value)}
          {payload && <PayloadLink reference={payload} />}
        </span>
      ) : (
        <Leaf value={row.value} whole={whole} onWhole={() => setWhole(true)} />
      )}
    </>
  );
}

function Leaf({ value, whole, onWhole }: { value: Json; whole: boolean; onWhole: () => void }) {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  const cut = !whole && text.length > maxLine;
  return (
    <span className={css.value} data-type={value === null ? 'null' : typeof value}>
      {cut ? `${text.slice(0, maxLine)}… ` : text}
      {cut && (
        <button type="button" className={css.more} onClick={onWhole}>
          show all
        </button>
      )}
    </span>
  );
}

const plain = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
