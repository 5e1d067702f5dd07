"""An annotator at a real Label Studio page in headless Chromium, who marks with the mouse and the keyboard."""

from playwright.sync_api import Browser, Page
from studio_server import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 60_000.0  # milliseconds

# The rectangle of some words of the labelled text: from the middle of its left edge to the middle of its right edge.
PLACE = """words => {
  const walker = document.createTreeWalker(document.querySelector('.lsf-htx-richtext'), NodeFilter.SHOW_TEXT);
  const nodes = [];
  let text = '';
  while (walker.nextNode()) { nodes.push([walker.currentNode, text.length]); text += walker.currentNode.data; }
  const start = text.indexOf(words), range = document.createRange();
  const holds = offset => nodes.findLast(([, begin]) => begin <= offset);
  const [first, from] = holds(start), [last, to] = holds(start + words.length - 1);
  range.setStart(first, start - from);
  range.setEnd(last, start + words.length - to);
  const boxes = [...range.getClientRects()].filter(box => box.width), left = boxes[0], right = boxes.at(-1);
  return [left.left, left.top + left.height / 2, right.right, right.top + right.height / 2];
}"""


REGIONS = "document.querySelectorAll('.htx-highlight').length"


class Annotator:
    """One person, logged in."""

    def __init__(self, browser: Browser, server: Server, email: str, password: str) -> None:
        self._server = server
        self.page: Page = browser.new_context(viewport={"width": 1500, "height": 1000}).new_page()
        self.page.set_default_timeout(WAIT)
        self._enter("/user/login/", email, password)

    @classmethod
    def sign_up(cls, browser: Browser, server: Server, invitation: str, email: str, password: str) -> "Annotator":
        """Someone new, by an invitation link."""
        page = browser.new_context().new_page()
        page.goto(f"{server.url}{invitation}")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_load_state("networkidle")
        page.context.close()
        return cls(browser, server, email, password)

    def _enter(self, path: str, email: str, password: str) -> None:
        self.page.goto(f"{self._server.url}{path}")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_load_state("networkidle")

    def open(self, link: str) -> None:
        """Open a task."""
        self.page.goto(link)
        self.page.wait_for_selector(".lsf-htx-richtext")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(1000)  # the page draws its regions a moment after the text

    def mark(self, hotkey: str, words: str) -> None:
        """Press a label's hotkey and drag the mouse over some words, until it is highlighted."""
        before = self.page.evaluate(REGIONS)
        self.page.keyboard.press(hotkey)
        left, top, right, bottom = self._place(words)
        mouse = self.page.mouse
        mouse.move(left + 0.5, top)
        mouse.down()
        mouse.move((left + right) / 2, bottom)
        mouse.move(right - 0.5, bottom)
        mouse.up()
        self.page.wait_for_function(f"before => {REGIONS} > before", arg=before)
        self.page.keyboard.press("Escape")
        self._settle()

    def relate(self, value: str, words: str, role: str) -> None:
        """Draw a relation from a value to a region and choose its role."""
        self._click(value)
        self.page.keyboard.press("Alt+r")
        self._settle()
        self._click(words)
        self.page.locator("#Relations-draggable").get_by_text("Relations").first.click()
        item = self.page.locator(".lsf-relations__item").last
        item.hover()
        item.get_by_label("Show Relation Labels").click()
        item.get_by_test_id("select-trigger-").click()
        self.page.get_by_role("option", name=role).click()
        self._settle()
        self.page.keyboard.press("Escape")
        self._settle()

    def delete(self, words: str) -> None:
        """Take a region away."""
        self._click(words)
        self.page.keyboard.press("Backspace")
        self._settle()

    def submit(self) -> None:
        """Send the annotation."""
        with self.page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
            self.page.get_by_test_id("bottombar-submit-button").click()
        self._settle()

    def open_next(self, project: str) -> None:
        """Take the project's next task that still needs this annotator; the instructions lie over it."""
        self.open(f"{project}?labeling=1")

    def close_instructions(self) -> None:
        """Put the instructions away."""
        self.page.get_by_label("Close modal").click()
        self._settle()

    def skip(self) -> None:
        """Send the task away as it is."""
        with self.page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
            self.page.keyboard.press("Control+Space")
        self._settle()

    def _click(self, words: str) -> None:
        left, top, right, bottom = self._place(words)
        self.page.mouse.click((left + right) / 2, (top + bottom) / 2)
        self._settle()

    def _place(self, words: str) -> tuple[float, float, float, float]:
        """Where words stand, once the page has stopped moving them about."""
        place, before = self.page.evaluate(PLACE, words), None
        while place != before:
            self._settle()
            place, before = self.page.evaluate(PLACE, words), place
        return tuple(place)

    def _settle(self) -> None:
        self.page.wait_for_timeout(300)
