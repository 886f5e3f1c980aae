using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>Counts of what <c>registry gc</c> removed.</summary>
/// <param name="Manifests">Number of manifests that expired.</param>
/// <param name="Links">Number of links to blobs that expired.</param>
/// <param name="Blobs">Number of blobs and manifests whose bytes were removed.</param>
internal sealed record GcResult(int Manifests, int Links, int Blobs)
{
    public void Write(TextWriter output) => output.WriteLine($"Removed {Count.Of(Manifests, "manifest")}, {Count.Of(Links, "link")} and {Count.Of(Blobs, "blob")}.");
}
