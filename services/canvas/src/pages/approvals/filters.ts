/** What each choice of the page lists. */
export const approvalFilters = {
  mine: 'state = "OPEN" AND assignee = "me"',
  open: 'state = "OPEN"',
  all: '',
};
