using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Registry.Server.Web.Html;

/// <summary>Writes a page as UTF-8, from templates whose holes are escaped by their place.</summary>
/// <param name="output">Receives the bytes.</param>
internal sealed class HtmlWriter(IBufferWriter<byte> output)
{
    private readonly CountingBuffer _output = new(output);

    /// <summary>Place in the markup.</summary>
    public HtmlContext Context { get; } = new();

    /// <summary>Number of bytes that were written since the caller last set this to 0.</summary>
    public int Unflushed
    {
        get => _output.Count;
        set => _output.Count = value;
    }

    /// <summary>Writes a template. Its holes are texts, numbers, <see cref="RawHtml"/> and <see cref="IHtmlPart"/>.</summary>
    /// <param name="template">The template, which has written itself already.</param>
    public HtmlWriter Write([InterpolatedStringHandlerArgument("")] ref HtmlTemplate template) => this;

    /// <summary>Writes a long text between elements.</summary>
    /// <param name="text">The text.</param>
    /// <param name="limit">Largest number of characters; the rest is counted.</param>
    /// <exception cref="InvalidOperationException">The place is not between elements.</exception>
    public void WriteText(ReadOnlySpan<char> text, int limit)
    {
        Require(HtmlPosition.Text);
        HtmlEscape.WriteText(_output, text, limit);
    }

    /// <summary>Writes markup of a template.</summary>
    internal void Literal(string markup)
    {
        Context.Read(markup);
        Encoding.UTF8.GetBytes(markup, _output);
    }

    /// <summary>Writes the text of a hole.</summary>
    /// <exception cref="InvalidOperationException">No hole is allowed at this place.</exception>
    internal void Hole(ReadOnlySpan<char> text)
    {
        switch (Context.Position)
        {
            case HtmlPosition.Text or HtmlPosition.Attribute:
                HtmlEscape.WriteText(_output, text);
                break;
            case HtmlPosition.Url:
                HtmlEscape.WriteUrl(_output, text);
                break;
            case HtmlPosition.UrlPart:
                HtmlEscape.WriteUrlPart(_output, text);
                break;
            default:
                throw new InvalidOperationException("A hole is between elements or in a quoted attribute that a browser neither runs nor parses.");
        }

        Context.Pass();
    }

    /// <summary>Writes a part of the page.</summary>
    /// <exception cref="InvalidOperationException">The place is not between elements.</exception>
    internal void Hole<T>(T part)
        where T : IHtmlPart
    {
        Require(HtmlPosition.Text);
        part.WriteTo(this);
        Require(HtmlPosition.Text);
    }

    private void Require(HtmlPosition position)
    {
        if (Context.Position != position)
        {
            throw new InvalidOperationException("A part of a page begins and ends between elements.");
        }
    }

    private sealed class CountingBuffer(IBufferWriter<byte> inner) : IBufferWriter<byte>
    {
        public int Count { get; set; }

        public void Advance(int count)
        {
            inner.Advance(count);
            Count += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}
