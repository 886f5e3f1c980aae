using Registry.Core.Changes;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>Who made a change. The caller may see the origin as it is.</summary>
/// <param name="origin">The origin.</param>
internal readonly struct OriginPart(ChangeOrigin origin) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        switch (origin.Source)
        {
            case ChangeSource.Request when origin.Actor is { } user:
                html.Write($"""<bdi title="{Detail()}">{user}</bdi>""");
                break;
            case ChangeSource.Request:
                html.Write($"""<span title="{Detail()}">an anonymous caller</span>""");
                break;
            case ChangeSource.Command:
                html.Write($"""command <bdi>{origin.Client}</bdi> of <bdi>{origin.Actor ?? "an unknown user"}</bdi>""");
                break;
            case ChangeSource.Collector:
                html.Write($"the collector");
                break;
            case ChangeSource.Mirror:
                html.Write($"the mirror of <bdi>{origin.Actor}</bdi>");
                break;
            case ChangeSource.Retention when origin.Actor is { } user:
                html.Write($"the retention, run by <bdi>{user}</bdi>");
                break;
            case ChangeSource.Retention:
                html.Write($"the retention");
                break;
            default:
                html.Write($"unknown");
                break;
        }
    }

    private string Detail() => string.Join(" · ", new[] { origin.Address, origin.Client, origin.Request is null ? null : $"request {origin.Request}" }.OfType<string>());
}
