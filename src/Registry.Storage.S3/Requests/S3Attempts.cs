using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Storage.S3.Requests;

/// <summary>Repeats requests that a passing fault has ended, after pauses that grow and differ, so that many nodes do not come back at the same moment.</summary>
/// <param name="store">The store, for messages.</param>
/// <param name="limit">Number of attempts, the first one included.</param>
/// <param name="circuit">Refuses requests while the store does not work.</param>
/// <param name="metrics">Counts the repetitions.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class S3Attempts(string store, int limit, S3Circuit circuit, S3Metrics metrics, TimeProvider time, ILogger<S3Attempts> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    /// <summary>Number of attempts for a request, the first one included.</summary>
    public int Limit => limit;

    /// <summary>
    /// True during the start, which waits for its requests: each repetition has a line in the log. Later, the answer to a client tells of a fault, and the circuit has a line.
    /// </summary>
    public bool IsStarting { get; set; }

    /// <summary>Runs a request that can be repeated.</summary>
    /// <param name="attempt">One attempt.</param>
    /// <param name="cancellationToken">Ends the request and its repetition.</param>
    /// <exception cref="StorageException">The request has failed.</exception>
    /// <exception cref="OperationCanceledException">The caller has cancelled.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var number = 1; ; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            circuit.ThrowIfOpen();
            try
            {
                var result = await attempt(cancellationToken);
                circuit.Works();
                return result;
            }
            catch (Exception e) when (IsFault(e, cancellationToken, out var fault))
            {
                Note(fault);
                if (!fault.IsTransient || number >= limit)
                {
                    throw Describe(fault, e);
                }

                if (IsStarting)
                {
                    LogRepeating(Sentence(fault), number + 1, limit);
                }
            }

            await PauseAsync(number, cancellationToken);
        }
    }

    /// <summary>True if a fault of the store explains an exception.</summary>
    public static bool IsFault(Exception exception, CancellationToken cancellationToken, [NotNullWhen(true)] out S3Fault? fault)
    {
        fault = exception is OperationCanceledException && cancellationToken.IsCancellationRequested ? null : S3Fault.Of(exception);
        return fault is not null;
    }

    /// <summary>Counts a fault, for the circuit.</summary>
    public void Note(S3Fault fault)
    {
        // A store that refuses works.
        if (fault.IsTransient)
        {
            circuit.Failed(Sentence(fault));
        }
        else
        {
            circuit.Works();
        }
    }

    /// <summary>Exception for the caller.</summary>
    public StorageException Describe(S3Fault fault, Exception cause) =>
        new(Sentence(fault), cause, fault.IsFull) { IsTransient = fault.IsTransient };

    /// <summary>Counts the next attempt, and waits before it: about twice as long each time, and by half of that at random.</summary>
    /// <param name="number">Number of attempts so far.</param>
    /// <param name="cancellationToken">Ends the pause.</param>
    [SuppressMessage("Security", "CA5394", Justification = "Spreads requests, and protects nothing.")]
    public Task PauseAsync(int number, CancellationToken cancellationToken)
    {
        metrics.Repeated();
        var longest = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, number - 1));
        return Task.Delay(TimeSpan.FromMilliseconds(longest * (0.5 + (Random.Shared.NextDouble() / 2))), time, cancellationToken);
    }

    private string Sentence(S3Fault fault) => $"S3: {store} {fault.Reason}";

    [LoggerMessage(1, LogLevel.Warning, "{Failure}. The start tries again: attempt {Number} of {Limit}")]
    private partial void LogRepeating(string failure, int number, int limit);
}
