using Registry.Core.Inventory;

namespace Registry.Server.Api.Inventory;

/// <summary>Names of the kinds of manifests.</summary>
internal static class KindName
{
    /// <summary>The name of a kind.</summary>
    public static string Of(ManifestKind kind) => kind switch
    {
        ManifestKind.Image => "image",
        ManifestKind.Index => "index",
        _ => "artifact",
    };
}
