using System.Globalization;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A size in bytes, with three digits and its unit.</summary>
/// <param name="bytes">The size.</param>
internal readonly struct SizePart(long bytes) : IHtmlPart
{
    private const int Kibi = 1024;

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Describes a size for people.</summary>
    public static string Describe(long bytes)
    {
        double value = bytes;
        var unit = 0;
        for (; value >= Kibi && unit < Units.Length - 1; unit++)
        {
            value /= Kibi;
        }

        var format = unit == 0 || value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    public void WriteTo(HtmlWriter html) => html.Write($"""<span class="nowrap" title="{bytes} bytes">{Describe(bytes)}</span>""");
}
