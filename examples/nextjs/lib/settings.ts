/** Images in one page of the listing. */
export const PAGE_SIZE = 30;
