namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> has removed.</summary>
internal sealed record GcResult(long Links, long Blobs)
{
    public void Write(TextWriter output) => output.WriteLine($"Removed {Links} links and {Blobs} blobs.");
}
