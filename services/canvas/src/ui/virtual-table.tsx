import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { Skeleton } from './basics';
import css from './virtual-table.module.css';

export interface Column<Row> {
  id: string;
  title: string;
  /** A track of CSS grid: "120px", "minmax(0, 1fr)". */
  width: string;
  /** The track on narrow screens; null leaves the column out there. */
  narrowWidth?: string | null;
  align?: 'end';
  cell: (row: Row) => ReactNode;
}

interface VirtualTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  rowHeight?: number;
  loading?: boolean;
  onOpen?: (row: Row) => void;
  /** More rows exist; called when the end comes near. */
  onMore?: (() => void) | undefined;
  empty?: ReactNode;
  foot?: ReactNode;
}

/** A table of any length: only the rows on screen exist. Arrow keys move, Enter opens. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { columns, rows, rowHeight = 44, onOpen, onMore } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => props.rowKey(rows[index]!),
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onMore && rows.length > 0 && last >= rows.length - 20) onMore();
  }, [onMore, last, rows.length]);

  const tracks = {
    '--columns': columns.map((column) => column.width).join(' '),
    '--narrow-columns': columns
      .filter((column) => column.narrowWidth !== null)
      .map((column) => column.narrowWidth ?? column.width)
      .join(' '),
  } as CSSProperties;

  const move = (event: KeyboardEvent<HTMLDivElement>, index: number) => {
    const row = rows[index];
    if (event.key === 'Enter' && event.target === event.currentTarget && row) onOpen?.(row);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !rows[index + step]) return;
    event.preventDefault();
    virtualizer.scrollToIndex(index + step);
    requestAnimationFrame(() =>
      scroll.current?.querySelector<HTMLElement>(`[data-index="${index + step}"]`)?.focus(),
    );
  };

  if (props.loading) return <WaitingRows columns={columns} tracks={tracks} height={rowHeight} />;
  if (rows.length === 0) return <>{props.empty}</>;
  return (
    // Rows are positioned, which <table> cannot do.
    <div
      ref={scroll}
      className={css.scroll}
      style={tracks}
      role="table"
      aria-label={props.label}
      aria-rowcount={onMore ? -1 : rows.length + 1}
    >
      <Head columns={columns} />
      <div className={css.body} role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <div
              key={item.key}
              className={css.row}
              role="row"
              aria-rowindex={item.index + 2}
              data-index={item.index}
              data-link={onOpen ? '' : undefined}
              tabIndex={onOpen ? (item.index === items[0]?.index ? 0 : -1) : undefined}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              onClick={(event) => {
                // A link inside the row does its own work.
                if (!(event.target as Element).closest('a, button')) onOpen?.(row);
              }}
              onKeyDown={(event) => move(event, item.index)}
            >
              {columns.map((column) => (
                <div
                  key={column.id}
                  className={css.cell}
                  role="cell"
                  data-align={column.align}
                  data-hide={column.narrowWidth === null ? 'narrow' : undefined}
                >
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {props.foot && <div className={css.foot}>{props.foot}</div>}
    </div>
  );
}

function Head<Row>({ columns }: { columns: Column<Row>[] }) {
  return (
    <div className={css.head} role="row" tabIndex={-1}>
      {columns.map((column) => (
        <div
          key={column.id}
          className={css.cell}
          role="columnheader"
          tabIndex={-1}
          data-align={column.align}
          data-hide={column.narrowWidth === null ? 'narrow' : undefined}
        >
          {column.title}
        </div>
      ))}
    </div>
  );
}

function WaitingRows<Row>(props: {
  columns: Column<Row>[];
  tracks: CSSProperties;
  height: number;
}) {
  return (
    <div className={css.scroll} style={props.tracks} aria-busy="true">
      <Head columns={props.columns} />
      <div className={css.body}>
        {Array.from({ length: 8 }, (_, index) => (
          <div
            key={index}
            className={css.row}
            style={{ height: props.height, transform: `translateY(${index * props.height}px)` }}
          >
            {props.columns.map((column, at) => (
              <div
                key={column.id}
                className={css.cell}
                data-hide={column.narrowWidth === null ? 'narrow' : undefined}
              >
                <Skeleton width={`${at === 0 ? 70 : 45}%`} height={12} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
