using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using Registry.Core.Uploads.InProgress;

namespace Registry.Core.Uploads;

/// <summary>Bytes of a body that have arrived, enough for a write unless the body pauses or ends.</summary>
/// <param name="Buffer">The bytes, which the reader still has.</param>
/// <param name="IsCompleted">True if they are the last ones.</param>
/// <param name="IsTakenOver">True if another request takes over.</param>
/// <param name="BrokenOff">Fault that has ended the body; null for none.</param>
internal readonly record struct ReceivedBody(ReadOnlySequence<byte> Buffer, bool IsCompleted, bool IsTakenOver, ExceptionDispatchInfo? BrokenOff)
{
    /// <summary>
    /// Waits until there is enough for a write, or until the reader cancels the read, so that what there is leaves its memory, or until another request takes
    /// over. If the body breaks off, the bytes that arrived before are still in the reader's memory (they were not consumed), and are passed on together
    /// with the fault.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="wait">The wait, which another request may end.</param>
    /// <param name="enough">Number of bytes that is worth a write.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async ValueTask<ReceivedBody> WaitAsync(PipeReader body, BodyWait wait, long enough, CancellationToken cancellationToken)
    {
        ReadOnlySequence<byte> seen = default;
        while (true)
        {
            ReadResult result;
            bool isTakenOver;
            try
            {
                var reading = body.ReadAsync(cancellationToken);
                if (!reading.IsCompleted)
                {
                    wait.Begin(body);
                }

                result = await reading;
            }
            catch (Exception e) when (!seen.IsEmpty)
            {
                return new ReceivedBody(seen, false, false, ExceptionDispatchInfo.Capture(e));
            }
            finally
            {
                isTakenOver = wait.End();
            }

            if (result.Buffer.Length > seen.Length)
            {
                wait.Arrived();
            }

            seen = result.Buffer;
            if (result.IsCompleted || result.IsCanceled || isTakenOver || seen.Length >= enough)
            {
                return new ReceivedBody(seen, result.IsCompleted, isTakenOver, null);
            }

            body.AdvanceTo(seen.Start, seen.End);
        }
    }
}
