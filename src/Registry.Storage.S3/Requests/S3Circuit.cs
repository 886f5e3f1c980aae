using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Storage.S3.Requests;

/// <summary>
/// Refuses requests at once while the store does not work, in place of letting each wait for its attempts. It opens after a number of faults in a row, and lets
/// one request through after each pause; the first that succeeds closes it.
/// </summary>
/// <param name="store">The store, for messages.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class S3Circuit(string store, TimeProvider time, ILogger<S3Circuit> logger)
{
    /// <summary>Number of faults in a row that open it: more than a restart of one gateway behind a balancer makes.</summary>
    public const int Threshold = 10;

    /// <summary>Time between the requests that are let through.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private int _faults;
    private long _nextTrial;
    private string? _failure;

    /// <summary>Sentence about the fault while the circuit is open; null while it is closed.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Throws while the circuit is open, except once after each pause.</summary>
    /// <param name="isRequest">True for a request that follows at once, which is the one that is let through; false for work that has requests of its own.</param>
    /// <exception cref="StorageException">The store does not work.</exception>
    public void ThrowIfOpen(bool isRequest = true)
    {
        if (Failure is not { } failure)
        {
            return;
        }

        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (now >= _nextTrial)
            {
                _nextTrial = isRequest ? After(Pause) : _nextTrial;
                return;
            }
        }

        throw new StorageException(failure) { IsTransient = true };
    }

    /// <summary>Notes an answer of a store that works.</summary>
    public void Works()
    {
        if (Volatile.Read(ref _faults) == 0)
        {
            return;
        }

        lock (_lock)
        {
            _faults = 0;
            if (_failure is null)
            {
                return;
            }

            _failure = null;
        }

        LogClosed(store);
    }

    /// <summary>Notes a fault.</summary>
    /// <param name="failure">Sentence about it.</param>
    public void Failed(string failure)
    {
        lock (_lock)
        {
            _faults++;
            if (_failure is not null || _faults < Threshold)
            {
                return;
            }

            _failure = failure;
            _nextTrial = After(Pause);
        }

        LogOpened(failure);
    }

    private long After(TimeSpan pause) => time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);

    [LoggerMessage(1, LogLevel.Error, "{Failure}. Requests that need it are refused until it works; pulls of manifests and small content go on")]
    private partial void LogOpened(string failure);

    [LoggerMessage(2, LogLevel.Information, "{Store} works again")]
    private partial void LogClosed(string store);
}
