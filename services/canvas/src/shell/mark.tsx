/** The product's mark: one input, two ways. */
export const Mark = ({ size = 22 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="var(--accent)" />
    <path
      d="M9 16h3.5c3.5 0 3.5-6 7-6H22M12.5 16c3.5 0 3.5 6 7 6H22"
      stroke="#fff"
      strokeWidth="2.2"
      strokeLinecap="round"
    />
    <circle cx="8.5" cy="16" r="2.6" fill="#fff" />
    <circle cx="23.5" cy="10" r="2.6" fill="#fff" />
    <circle cx="23.5" cy="22" r="2.6" fill="#fff" />
  </svg>
);
