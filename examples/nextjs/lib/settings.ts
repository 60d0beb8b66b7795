/** Images per page of the listing. */
export const PAGE_SIZE = 30;
