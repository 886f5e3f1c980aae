using Registry.Server.Api;

namespace Registry.Server.Commands.Remote;

/// <summary>Origins of changes for people.</summary>
internal static class OriginText
{
    /// <summary>Who made the change.</summary>
    public static string By(OriginAnswer origin)
    {
        var actor = origin.Actor is { } name ? RemoteMessage.Printable(name) : null;
        return origin.Source switch
        {
            "request" => actor ?? "anonymous",
            "command" => $"{actor ?? "a user"} (command)",
            "collector" => "the registry",
            "mirror" => $"the mirror of {actor}",
            _ => actor ?? "unknown",
        };
    }

    /// <summary>Where the change came from; empty for callers who may not see it.</summary>
    public static string From(OriginAnswer origin) => RemoteMessage.Printable(string.Join(", ", new[]
    {
        origin.Address,
        origin.Client,
        origin.RequestId is null ? null : $"request {origin.RequestId}",
    }.OfType<string>()));
}
