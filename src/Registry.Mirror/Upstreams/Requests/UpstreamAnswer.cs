namespace Registry.Mirror.Upstreams.Requests;

/// <summary>An answer that was asked for. Disposing it ends the reading of its body.</summary>
/// <param name="Message">The answer.</param>
/// <param name="Host">The host that gave it, as the subject of sentences.</param>
internal sealed record UpstreamAnswer(HttpResponseMessage Message, string Host) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Message.Dispose();
}
