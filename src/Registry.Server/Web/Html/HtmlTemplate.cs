using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Registry.Server.Web.Html;

/// <summary>
/// Handler of the interpolated strings that pages are made of. Literal parts are markup; a hole is escaped by its place: as text, as a quoted attribute, or as a URL
/// with an allowed scheme. A hole at any other place is a fault of the program.
/// </summary>
[InterpolatedStringHandler]
[SuppressMessage("Performance", "CA1815", Justification = "Templates are not compared.")]
internal readonly ref struct HtmlTemplate
{
    private readonly HtmlWriter _writer;

    /// <summary>Begins a template. The compiler calls this.</summary>
    [SuppressMessage("Usage", "IDE0060", Justification = "The compiler passes the lengths.")]
    public HtmlTemplate(int literalLength, int formattedCount, HtmlWriter writer) => _writer = writer;

    public void AppendLiteral(string markup) => _writer.Literal(markup);

    public void AppendFormatted(string? text) => _writer.Hole(text);

    public void AppendFormatted(long number)
    {
        Span<char> digits = stackalloc char[24];
        number.TryFormat(digits, out var written, default, CultureInfo.InvariantCulture);
        _writer.Hole(digits[..written]);
    }

    /// <summary>Writes markup of the program.</summary>
    public void AppendFormatted(RawHtml raw) => _writer.Literal(raw.Markup);

    /// <summary>Writes a part of the page.</summary>
    public void AppendFormatted<T>(T part)
        where T : IHtmlPart => _writer.Hole(part);
}
