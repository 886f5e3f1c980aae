using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Pulls;

namespace Registry.Core.Policies.Retention;

/// <summary>
/// Records when the manifests of repositories were last pulled, to the minute, while a rule asks for it (<see cref="KeepRule.PulledWithin"/>). The times are in memory first, and saved together each
/// minute: a kill loses a minute of them. Since when all pulls are recorded is known: a process that does not record them ends the record, for all that share the metadata.
/// </summary>
/// <param name="metadata">Keeps them.</param>
/// <param name="rules">Reads the rules that are in force.</param>
/// <param name="isReadOnly">Returns true while nothing is to be written.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed partial class PullRecorder(IRetentionMetadata metadata, Func<PolicyRules> rules, Func<bool> isReadOnly, TimeProvider time, ILogger<PullRecorder> logger)
{
    /// <summary>Interval at which to save.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // About 10 MB. More than this many manifests in a minute, or while the storage fails, end the record.
    private const int Most = 50_000;

    private readonly NotedTimes<(RepositoryName Repository, Digest Digest)> _noted = new(Most);
    private Answer _answer = new(PolicyRules.None, false);

    /// <summary>True if a rule asks for pulls.</summary>
    public bool IsOn
    {
        get
        {
            var current = rules();
            var answer = Volatile.Read(ref _answer);
            if (!ReferenceEquals(answer.Rules, current))
            {
                answer = new Answer(current, current.Rules.Any(rule => rule.Keep is { PulledWithin: not null }));
                Volatile.Write(ref _answer, answer);
            }

            return answer.IsOn;
        }
    }

    /// <summary>Notes a pull of a manifest: a GET or HEAD, by tag or digest. Waits for nothing.</summary>
    public void Note(RepositoryName repository, Digest digest)
    {
        if (IsOn)
        {
            _noted.Note((repository, digest), ToMinute(time.GetUtcNow()));
        }
    }

    /// <summary>True if a pull of a manifest is noted, and not saved yet.</summary>
    public bool IsNoted(RepositoryName repository, Digest digest) => _noted.Contains((repository, digest));

    /// <summary>Saves what was noted, and since when all pulls are recorded.</summary>
    public async Task SaveAsync()
    {
        if (isReadOnly())
        {
            return;
        }

        var since = await metadata.FindMarkAsync(RetentionMark.PullsRecordedSince);
        if (!IsOn)
        {
            _noted.Take();
            if (since is not null)
            {
                await metadata.SetMarkAsync(RetentionMark.PullsRecordedSince, null);
                LogEnded();
            }

            return;
        }

        var isIncomplete = _noted.TakeIncomplete();
        if (since is null || isIncomplete)
        {
            await metadata.SetMarkAsync(RetentionMark.PullsRecordedSince, time.GetUtcNow());
            if (isIncomplete)
            {
                LogIncomplete(Most);
            }
            else
            {
                LogBegun();
            }
        }

        await FlushAsync();
    }

    /// <summary>Saves what was noted.</summary>
    public async Task FlushAsync()
    {
        if (_noted.Count == 0 || isReadOnly())
        {
            return;
        }

        var pulls = _noted.Take();

        try
        {
            await metadata.RecordAsync(pulls.ConvertAll(pull => new ManifestPull(pull.Key.Repository, pull.Key.Digest, pull.Value)));
        }
        catch
        {
            _noted.Return(pulls);
            throw;
        }
    }

    /// <summary>Begin of the minute of a time.</summary>
    internal static DateTimeOffset ToMinute(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds() / 60 * 60);

    private sealed record Answer(PolicyRules Rules, bool IsOn);

    [LoggerMessage(1, LogLevel.Information, "Pulls are recorded from now on, for the rules that keep what was pulled within a time. They keep everything until that time has passed")]
    private partial void LogBegun();

    [LoggerMessage(2, LogLevel.Information, "Pulls are not recorded any more: no rule asks for them")]
    private partial void LogEnded();

    [LoggerMessage(3, LogLevel.Warning,
        "Pulls of more than {Most} manifests were to be saved at once, and some are not recorded. The record begins again: rules that keep what was pulled within a time keep everything until that time has passed")]
    private partial void LogIncomplete(int most);
}
