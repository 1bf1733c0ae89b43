import { Fragment, type ReactNode } from 'react';
import css from './facts.module.css';

/** Name and value, line by line; those without a value are left out. */
export const Facts = ({ rows }: { rows: [string, ReactNode][] }) => (
  <dl className={css.facts}>
    {rows
      .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
      .map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
  </dl>
);
