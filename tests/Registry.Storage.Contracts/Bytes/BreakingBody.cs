using System.IO.Pipelines;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Request bodies whose client disconnects in the middle.</summary>
internal static class BreakingBody
{
    public const string Message = "the client went away";

    /// <summary>Both kinds of readers of the product: a pipe, and a stream behind a reader.</summary>
    public static PipeReader Create(bool overStream, byte[] arrives) =>
        overStream ? PipeReader.Create(new BreakingStream(arrives)) : CreatePipe(arrives);

    // The writer goes on only when the reader has seen everything, so nothing that was sent is overtaken by the fault.
    private static PipeReader CreatePipe(byte[] arrives)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        _ = Task.Run(async () =>
        {
            await pipe.Writer.WriteAsync(arrives);
            await pipe.Writer.CompleteAsync(new IOException(Message));
        });
        return pipe.Reader;
    }

    private sealed class BreakingStream(byte[] content) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new IOException(Message);
        }
    }
}
