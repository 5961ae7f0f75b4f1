/** The sidebar's page, put in by build.js from sidebar.html. */
declare const SIDEBAR_: string;
