// What the page remembers: for this window (who one is), or for this browser (theme, language).

function shelf(storage) {
  return {
    get(name, otherwise) {
      try {
        return JSON.parse(storage.getItem(name)) ?? otherwise;
      } catch {
        return otherwise;
      }
    },
    set(name, value) {
      storage.setItem(name, JSON.stringify(value));
    },
  };
}

export const browser = shelf(localStorage);
export const tab = shelf(sessionStorage);
