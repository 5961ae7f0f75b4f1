/** Add the menu. Google calls this when the spreadsheet is opened, without any authorisation. */
function onOpen() {
  SpreadsheetApp.getUi()
    .createMenu('Chalkola')
    .addItem('Connect …', 'menuSidebar')
    .addItem('Refresh now', 'menuRefresh')
    .addItem('Insert a function …', 'menuSidebar')
    .addItem('Turn columns into one formula …', 'menuConvert')
    .addSeparator()
    .addItem('How fresh are the figures?', 'menuFreshness')
    .addToUi();
}

/** Show the sidebar. */
function menuSidebar() {
  SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutput(SIDEBAR_).setTitle('Chalkola'));
}

/** Refresh now and say what came of it. */
function menuRefresh() {
  SpreadsheetApp.getActive().toast(refresh_(true), 'Chalkola', 15);
}

/** Say how fresh the figures are, as the freshness cell has it. */
function menuFreshness() {
  const state = sidebarState();
  const automatic = state.trigger ? '' : '\n\nThey are not refreshed by themselves for you: press Connect once.';
  SpreadsheetApp.getUi().alert('Chalkola', state.freshness + automatic, SpreadsheetApp.getUi().ButtonSet.OK);
}
