import { type DragEvent, useState } from 'react';
import { formatBytes, formatCount } from '@/lib/format';
import { Input, TextArea } from '@/ui/basics';
import type { Field } from './field';
import type { ControlIds, FieldProps } from './schema-form';
import css from './schema-form.module.css';

const inputTypes: Record<string, string> = {
  email: 'email',
  uri: 'url',
  date: 'date',
  time: 'time',
};
/** Files are read into the request; larger ones belong elsewhere. */
const maxFileBytes = 4_000_000;

/** A text; a long one takes a dropped or chosen file, too. */
export function TextField(props: FieldProps<Field & { kind: 'text' }> & ControlIds) {
  const { field, value, onChange, errors: _, pointer: __, ...ids } = props;
  const [over, setOver] = useState(false);
  const [note, setNote] = useState('');
  const text = typeof value === 'string' ? value : '';
  const change = (next: string) => onChange(next === '' && !field.required ? undefined : next);

  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > maxFileBytes) {
      setNote(`${file.name} is too large (${formatBytes(file.size)}).`);
      return;
    }
    const content = await file.text();
    if (content.includes('\0')) {
      setNote(`${file.name} is not a text file.`);
      return;
    }
    change(content);
    setNote(`${file.name}, ${formatBytes(file.size)}`);
  };
  const dropping = {
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      void take(event.dataTransfer.files[0]);
    },
  };
  if (!field.long) {
    return (
      <Input
        {...ids}
        type={inputTypes[field.format ?? ''] ?? 'text'}
        value={text}
        placeholder={field.examples.map(String)[0]}
        onChange={({ target }) => change(target.value)}
      />
    );
  }
  return (
    <div className={css.drop} data-over={over ? '' : undefined} {...dropping}>
      <TextArea
        {...ids}
        value={text}
        placeholder={field.examples.map(String)[0]}
        onChange={({ target }) => change(target.value)}
      />
      <div className={css.under}>
        <label className={css.file}>
          Choose a file
          <input
            type="file"
            className="sr-only"
            accept="text/*,.md,.markdown,.json,.csv,.yaml,.yml,.xml,.log"
            onChange={({ target }) => void take(target.files?.[0])}
          />
        </label>
        <span>or drop one here</span>
        <span aria-live="polite">{note}</span>
        <span className="num">{formatCount(text.length)} characters</span>
      </div>
    </div>
  );
}
