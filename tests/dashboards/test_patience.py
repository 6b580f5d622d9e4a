"""A page that runs again by itself says so once, and a person's next click is a person's."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    # AppTest runs the function's text alone, so it brings its own imports.
    import streamlit as st  # noqa: PLC0415

    from dashboards import patience  # noqa: PLC0415

    st.text("by itself" if patience.renewed_itself() else "asked")
    if st.button("Newer numbers"):
        patience.renew()


def test_only_the_run_it_starts_is_by_itself():
    at = AppTest.from_function(page).run()
    seen = [at.text[0].value]

    seen.append(at.button[0].click().run().text[0].value)
    seen.append(at.run().text[0].value)

    assert seen == ["asked", "by itself", "asked"]
