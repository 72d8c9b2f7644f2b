const feed = new EventSource("/feed");
for (const event of ["snapshot", "changes"]) {
  feed.addEventListener(event, ({ data }) => console.info(event, JSON.parse(data)));
}
