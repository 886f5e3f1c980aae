using System.Buffers;
using System.Text;
using Registry.Server.Web.Html;

namespace Registry.Server.Tests.Web.Html;

/// <summary>Holes of templates are escaped by their place, whatever they hold.</summary>
public sealed class HtmlWriterTests
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly HtmlWriter _html;

    public HtmlWriterTests() => _html = new HtmlWriter(_output);

    private string Written => Encoding.UTF8.GetString(_output.WrittenSpan);

    [Theory]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("a & b", "a &amp; b")]
    [InlineData("&lt;", "&amp;lt;")]
    [InlineData("\"'", "&quot;&#39;")]
    [InlineData("Grüße 🐳", "Grüße 🐳")]
    [InlineData("", "")]
    public void A_text_is_no_markup(string text, string expected)
    {
        _html.Write($"<p>{text}</p>");

        Assert.Equal($"<p>{expected}</p>", Written);
    }

    [Theory]
    [InlineData("\" onmouseover=\"alert(1)", "&quot; onmouseover=&quot;alert(1)")]
    [InlineData("' onmouseover='alert(1)", "&#39; onmouseover=&#39;alert(1)")]
    [InlineData("><img src=x>", "&gt;&lt;img src=x&gt;")]
    public void An_attribute_ends_where_the_template_ends_it(string text, string expected)
    {
        _html.Write($"""<p title="{text}" lang='{text}'>x</p>""");

        Assert.Equal($"<p title=\"{expected}\" lang='{expected}'>x</p>", Written);
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("JavaScript:alert(1)")]
    [InlineData(" javascript:alert(1)")]
    [InlineData("\tjavascript:alert(1)")]
    [InlineData("java\nscript:alert(1)")]
    [InlineData("data:text/html,<script>alert(1)</script>")]
    [InlineData("vbscript:x")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("evil")]
    [InlineData("")]
    public void A_URL_that_a_browser_would_run_or_take_for_another_host_leads_nowhere(string url)
    {
        _html.Write($"""<a href="{url}">x</a>""");

        Assert.Equal("""<a href="about:blank">x</a>""", Written);
    }

    [Theory]
    [InlineData("/repositories/a", "/repositories/a")]
    [InlineData("/", "/")]
    [InlineData("?last=1&n=2", "?last=1&amp;n=2")]
    [InlineData("https://example.com/\"x", "https://example.com/&quot;x")]
    [InlineData("HTTP://example.com", "HTTP://example.com")]
    public void A_path_of_this_site_and_an_address_of_the_web_stay(string url, string expected)
    {
        _html.Write($"""<a href="{url}">x</a>""");

        Assert.Equal($"""<a href="{expected}">x</a>""", Written);
    }

    [Theory]
    [InlineData("team/app", "team/app")]
    [InlineData("sha256:abc", "sha256:abc")]
    [InlineData("a b?c#d&e=\"%", "a%20b%3Fc%23d%26e%3D%22%25")]
    [InlineData("é", "%C3%A9")]
    [InlineData("\\", "%5C")]
    public void A_part_of_a_URL_stays_one(string part, string expected)
    {
        _html.Write($"""<a href="/repositories/{part}/-/tags/{part}">x</a>""");

        Assert.Equal($"""<a href="/repositories/{expected}/-/tags/{expected}">x</a>""", Written);
    }

    [Theory]
    [InlineData("a\u202Eb", "a⟨U+202E⟩b")]
    [InlineData("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩")]
    [InlineData("\0", "⟨U+0000⟩")]
    [InlineData("\u001B[31m", "⟨U+001B⟩[31m")]
    [InlineData("\u200B\uFEFF\u00AD", "⟨U+200B⟩⟨U+FEFF⟩⟨U+00AD⟩")]
    [InlineData("\u0085", "⟨U+0085⟩")]
    [InlineData("a\U000E0041b", "a⟨U+E0041⟩b")]
    [InlineData("line\r\n\tnext", "line\r\n\tnext")]
    public void What_is_invisible_or_turns_the_text_around_is_shown(string text, string expected)
    {
        _html.Write($"""<p title="{text}">{text}</p>""");

        Assert.Equal($"""<p title="{expected}">{expected}</p>""", Written);
    }

    [Fact]
    public void Half_a_character_is_replaced()
    {
        _html.Write($"<p>{"a\uD800b\uDC00\uDB40"}</p>");

        Assert.DoesNotContain('\uD800', Written);
        Assert.StartsWith("<p>a\uFFFDb\uFFFD", Written, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_cut_and_the_rest_counted()
    {
        _html.Write($"<p>{new string('<', 1_000_000)}</p>");

        Assert.Equal($"<p>{string.Concat(Enumerable.Repeat("&lt;", HtmlEscape.MaxText))}… (995,904 more characters)</p>", Written);
    }

    [Fact]
    public void A_text_is_not_cut_within_a_character()
    {
        _html.WriteText("ab🐳c", 3);

        Assert.Equal("ab… (3 more characters)", Written);
    }

    [Fact]
    public void Numbers_and_markup_of_the_program_are_written_as_they_are()
    {
        _html.Write($"<td{new RawHtml(" class=\"number\"")}>{1_234_567L}</td>");

        Assert.Equal("<td class=\"number\">1234567</td>", Written);
    }

    [Fact]
    public void A_part_stands_between_elements()
    {
        _html.Write($"<p>{new Bold("<x>")}</p>");

        Assert.Equal("<p><b>&lt;x&gt;</b></p>", Written);
        Assert.Throws<InvalidOperationException>(() => _html.Write($"""<p title="{new Bold("x")}">"""));
    }

    [Fact]
    public void A_part_must_end_between_elements() => Assert.Throws<InvalidOperationException>(() => _html.Write($"<p>{new Unclosed()}</p>"));

    [Fact]
    public void No_hole_is_a_name() => Assert.Throws<InvalidOperationException>(() => _html.Write($"<{"x"}>"));

    [Fact]
    public void No_hole_is_an_attribute_without_quotes() => Assert.Throws<InvalidOperationException>(() => _html.Write($"<p title={"x"}>"));

    [Fact]
    public void No_hole_is_within_a_tag() => Assert.Throws<InvalidOperationException>(() => _html.Write($"<p {"x"}>"));

    [Theory]
    [InlineData("onclick")]
    [InlineData("OnLoad")]
    [InlineData("style")]
    [InlineData("srcdoc")]
    public void No_hole_is_in_an_attribute_that_a_browser_runs(string name)
    {
        _html.Literal($"<p {name}=\"");

        Assert.Throws<InvalidOperationException>(() => _html.Hole("x"));
    }

    [Theory]
    [InlineData("<script>")]
    [InlineData("<script type=\"module\">")]
    [InlineData("<STYLE>")]
    [InlineData("<!-- ")]
    public void No_hole_is_in_a_script_a_style_or_a_comment(string markup)
    {
        _html.Literal(markup);

        Assert.Throws<InvalidOperationException>(() => _html.Hole("x"));
    }

    [Fact]
    public void The_address_of_a_script_is_a_URL_and_text_follows_it()
    {
        _html.Write($"""<script type="module" src="{"javascript:x"}"></script><p>{"<"}</p>""");

        Assert.Equal("""<script type="module" src="about:blank"></script><p>&lt;</p>""", Written);
    }

    [Fact]
    public void Counts_what_was_written()
    {
        _html.Write($"<p>{"é"}</p>");

        Assert.Equal(9, _html.Unflushed);
    }

    private readonly struct Bold(string text) : IHtmlPart
    {
        public void WriteTo(HtmlWriter html) => html.Write($"<b>{text}</b>");
    }

    private readonly struct Unclosed : IHtmlPart
    {
        public void WriteTo(HtmlWriter html) => html.Write($"<b title=\"");
    }
}
