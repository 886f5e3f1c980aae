namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> has removed.</summary>
/// <param name="Manifests">Manifests that have expired.</param>
/// <param name="Links">Links to blobs that have expired.</param>
/// <param name="Blobs">Blobs and manifests whose bytes were removed.</param>
internal sealed record GcResult(int Manifests, int Links, int Blobs)
{
    public void Write(TextWriter output) => output.WriteLine($"Removed {Manifests} manifests, {Links} links and {Blobs} blobs.");
}
