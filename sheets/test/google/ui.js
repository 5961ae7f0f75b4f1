// Menus, dialogs and the sidebar, with a person who answers them.

export function ui() {
  const person = { menu: [], alerts: [], sidebar: null, answer: 'OK' };
  const menu = (name) => {
    const items = [];
    const it = {
      addItem: (label, handler) => (items.push({ label, handler }), it),
      addSeparator: () => it,
      addToUi: () => void person.menu.push({ name, items }),
    };
    return it;
  };
  const face = {
    createMenu: menu,
    ButtonSet: { OK: 'OK', OK_CANCEL: 'OK_CANCEL' },
    Button: { OK: 'OK', CANCEL: 'CANCEL' },
    alert: (title, text, buttons) => {
      if (typeof text !== 'string' || !buttons) throw new Error("The parameters don't match the method signature for Ui.alert.");
      person.alerts.push({ title, text });
      return buttons === 'OK' ? 'OK' : person.answer;
    },
    showSidebar: (page) => void (person.sidebar = page),
  };
  return { face, person };
}

export const htmlService = {
  createHtmlOutput: (html) => {
    const page = { html, title: '', setTitle: (title) => ((page.title = title), page), getContent: () => html };
    return page;
  },
};
