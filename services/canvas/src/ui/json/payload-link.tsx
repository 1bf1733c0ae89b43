import { useState } from 'react';
import { downloadPayload } from '@/api/payload';
import { asProblem } from '@/api/problem';
import { formatBytes, idOf } from '@/lib/format';
import css from './json-view.module.css';
import type { PayloadReference } from './rows';

/** Saves the content that a value names instead of holding it. */
export function PayloadLink({ reference }: { reference: PayloadReference }) {
  const [state, setState] = useState<'ready' | 'busy' | { failed: string }>('ready');
  const download = async () => {
    setState('busy');
    try {
      save(await downloadPayload(reference.$payload), idOf(reference.$payload).slice(0, 12));
      setState('ready');
    } catch (error) {
      setState({ failed: asProblem(error).message });
    }
  };
  const size = typeof reference.size === 'number' ? ` ${formatBytes(reference.size)}` : '';
  return (
    <>
      <button type="button" className={css.more} disabled={state === 'busy'} onClick={download}>
        {`Download${size}`}
      </button>
      {typeof state === 'object' && <span role="alert">{` ${state.failed}`}</span>}
    </>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
