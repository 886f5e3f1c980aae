using Microsoft.Extensions.Logging;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>
/// Refuses requests at once while hosts do not work, in place of letting each wait. It opens with the first outage, and lets one request at a time through after pauses that
/// grow; the first that succeeds closes it. A pause that a host asks for is kept.
/// </summary>
/// <param name="hosts">The hosts, for messages.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class UpstreamCircuit(string hosts, TimeProvider time, ILogger<UpstreamCircuit> logger)
{
    /// <summary>The first pause.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause that no host has asked for.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private UpstreamFault? _fault;
    private DateTimeOffset _since;
    private TimeSpan _pause;
    private long _nextTrial;
    private bool _isOnTrial;

    /// <summary>Reason for which requests are refused; null while they are not.</summary>
    public UpstreamFault? Fault => Volatile.Read(ref _fault);

    /// <summary>Time of the first fault because of which requests are refused; null while they are not.</summary>
    public DateTimeOffset? Since
    {
        get
        {
            lock (_lock)
            {
                return _fault is null ? null : _since;
            }
        }
    }

    /// <summary>Lets a request through.</summary>
    /// <returns>Takes the end of the request. Without one, disposing it lets another request through in its place.</returns>
    /// <exception cref="UpstreamException">The hosts do not work.</exception>
    public Pass Enter()
    {
        lock (_lock)
        {
            if (_fault is null)
            {
                return new Pass(this, isTrial: false);
            }

            if (_isOnTrial || time.GetTimestamp() < _nextTrial)
            {
                throw new UpstreamException(_fault.Kind, _fault.Reason) { IsRefusal = true, Shown = _fault.Shown };
            }

            _isOnTrial = true;
            return new Pass(this, isTrial: true);
        }
    }

    private void Works(bool isTrial)
    {
        lock (_lock)
        {
            _isOnTrial &= !isTrial;
            if (_fault is null)
            {
                return;
            }

            // A pause that was asked for holds, although requests that were under way still succeed.
            if (!isTrial && time.GetTimestamp() < _nextTrial)
            {
                return;
            }

            (_fault, _pause) = (null, TimeSpan.Zero);
        }

        LogClosed(hosts);
    }

    private void Failed(UpstreamException failure, bool isTrial)
    {
        bool isNew;
        lock (_lock)
        {
            isNew = _fault is null;
            _isOnTrial &= !isTrial;
            if (!isNew && !isTrial && failure.Pause is null)
            {
                // One of many requests that were under way when the host failed.
                return;
            }

            var pause = failure.Pause ?? (isNew ? FirstPause : Longer(_pause));
            _pause = failure.Pause is null ? pause : TimeSpan.Zero;
            _nextTrial = Math.Max(isNew ? 0 : _nextTrial, time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency));
            _since = isNew ? time.GetUtcNow() : _since;
            _fault = failure.Fault;
        }

        if (isNew)
        {
            LogOpened(failure.Fault.Reason);
        }
    }

    private void Abandoned()
    {
        lock (_lock)
        {
            _isOnTrial = false;
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause < FirstPause ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;

    [LoggerMessage(1, LogLevel.Warning, "The mirror sends no requests for a while: {Reason}. What is here is answered")]
    private partial void LogOpened(string reason);

    [LoggerMessage(2, LogLevel.Information, "The mirror sends requests again: {Hosts} works")]
    private partial void LogClosed(string hosts);

    /// <summary>A request that was let through.</summary>
    internal sealed class Pass(UpstreamCircuit circuit, bool isTrial) : IDisposable
    {
        private bool _hasEnded;

        /// <summary>Notes an answer of a host that works.</summary>
        public void Works()
        {
            _hasEnded = true;
            circuit.Works(isTrial);
        }

        /// <summary>Notes the end of the request by a fault.</summary>
        public void Failed(UpstreamException failure)
        {
            // What was not sent says nothing of the host.
            if (failure.IsRefusal)
            {
                return;
            }

            _hasEnded = true;
            if (failure.IsOutage)
            {
                circuit.Failed(failure, isTrial);
            }
            else
            {
                circuit.Works(isTrial);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (isTrial && !_hasEnded)
            {
                circuit.Abandoned();
            }
        }
    }
}
