/** Steward's mark: a list that is looked after. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 32 32" className="shrink-0">
      <rect width="32" height="32" rx="8" fill="#4A5FD6" />
      <path d="M9 11h14M9 16h14M9 21h8" stroke="#fff" strokeWidth="2.5" strokeLinecap="round" />
      <circle cx="22" cy="21" r="2.4" fill="#5CEBB8" />
    </svg>
  );
}
