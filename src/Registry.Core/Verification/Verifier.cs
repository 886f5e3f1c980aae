using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>
/// Reads all stored content periodically, to find damaged bytes before a client requests them. A pass goes through the content in the order in
/// which it was recorded, and continues at its position after a restart.
/// </summary>
public sealed partial class Verifier(
    BlobInspector inspector, IVerifierMetadata metadata, IGraceClock clock, TimeSpan period, TimeProvider time, ILogger<Verifier> logger)
{
    private const int PageSize = 100;
    private static readonly TimeSpan SavePeriod = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    /// <summary>Time in which everything is verified once; zero for never.</summary>
    public TimeSpan Period => period;

    /// <summary>Interval at which to check whether a pass is due.</summary>
    public TimeSpan Interval { get; } = period < TimeSpan.FromMinutes(1) ? period : TimeSpan.FromMinutes(1);

    /// <summary>
    /// Continues the pass in progress, or begins one if a period has passed since the last one began, measured by the clock. Ends when
    /// everything was read once.
    /// </summary>
    /// <returns>Findings of this process; null if no pass was due.</returns>
    public async Task<VerificationResult?> RunAsync(CancellationToken cancellationToken)
    {
        var progress = await metadata.ReadProgressAsync();
        if (progress.Position is null)
        {
            if (progress.StartedAt is { } started && clock.Now - started < (long)period.TotalSeconds)
            {
                return null;
            }

            progress = progress with { StartedAt = clock.Now, Position = 0, Findings = 0 };
        }

        var before = progress.Findings;

        var saved = time.GetTimestamp();
        try
        {
            var result = await WalkAsync(progress.Position!.Value, isDryRun: false, SaveAsync, cancellationToken);
            await metadata.SaveProgressAsync(Ended(progress with { Position = null }, before + result.Findings));
            if (result.Count > 0)
            {
                LogFinished(result.Count, result.Bytes, result.Damaged, result.Missing, result.Unreadable);
            }

            return result;
        }
        catch
        {
            // Whatever has ended the attempt, the next one continues here.
            await metadata.SaveProgressAsync(progress);
            throw;
        }

        async Task SaveAsync(long position, VerificationResult result)
        {
            // A finding at once: content that is known to be lost is not found again.
            var isFound = progress.Findings != before + result.Findings;
            progress = progress with { Position = position, Findings = before + result.Findings };
            if (isFound || time.GetElapsedTime(saved) >= SavePeriod)
            {
                await metadata.SaveProgressAsync(progress);
                saved = time.GetTimestamp();
            }
        }
    }

    /// <summary>Reads everything now, independently of the schedule, and logs the progress from time to time.</summary>
    /// <param name="isDryRun">True to change nothing.</param>
    /// <param name="cancellationToken">Stops the verification.</param>
    public Task<VerificationResult> VerifyAllAsync(bool isDryRun, CancellationToken cancellationToken) =>
        VerifyAllAsync(isDryRun, null, cancellationToken);

    /// <summary>Reads everything now, and reports the progress instead of logging it.</summary>
    /// <param name="isDryRun">True to change nothing.</param>
    /// <param name="progress">Receives the progress after each blob; null to log it.</param>
    /// <param name="cancellationToken">Stops the verification.</param>
    public async Task<VerificationResult> VerifyAllAsync(bool isDryRun, IProgress<VerificationResult>? progress, CancellationToken cancellationToken)
    {
        var reported = time.GetTimestamp();
        var verified = await WalkAsync(0, isDryRun, ReportAsync, cancellationToken);
        if (!isDryRun)
        {
            await metadata.SaveProgressAsync(Ended(await metadata.ReadProgressAsync(), verified.Findings));
        }

        return verified;

        Task ReportAsync(long _, VerificationResult result)
        {
            progress?.Report(result);
            if (progress is null && time.GetElapsedTime(reported) >= ProgressPeriod)
            {
                LogProgress(result.Count, result.Bytes, result.Damaged, result.Missing, result.Unreadable);
                reported = time.GetTimestamp();
            }

            return Task.CompletedTask;
        }
    }

    private VerificationProgress Ended(VerificationProgress progress, long findings) =>
        progress with { EndedAt = time.GetUtcNow().ToUnixTimeSeconds(), LastFindings = findings };

    private async Task<VerificationResult> WalkAsync(
        long position, bool isDryRun, Func<long, VerificationResult, Task> onPassed, CancellationToken cancellationToken)
    {
        var result = new VerificationResult { IsMetadataDamaged = position == 0 && await IsMetadataDamagedAsync() };
        while (true)
        {
            var page = await metadata.ListStoredAsync(position, PageSize);
            foreach (var content in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var condition = await inspector.InspectAsync(content, isDryRun, cancellationToken);
                if (!content.IsLost || condition != BlobCondition.Gone)
                {
                    result = result.With(content.Size, condition);
                }

                position = content.Id;
                await onPassed(position, result);
            }

            if (page.Count < PageSize)
            {
                return result;
            }
        }
    }

    // Once a pass, since it reads the whole database. Its pages have no checksum: only their structure can be checked.
    private async Task<bool> IsMetadataDamagedAsync()
    {
        var damage = await metadata.FindDamageAsync();
        foreach (var finding in damage)
        {
            LogMetadataDamaged(finding);
        }

        return damage.Count > 0;
    }

    [LoggerMessage(3, LogLevel.Error,
        "registry.db is damaged: {Finding}. Stop the registry and run 'registry reindex', which rebuilds it from the repositories tree. Check the disk")]
    private partial void LogMetadataDamaged(string finding);

    [LoggerMessage(1, LogLevel.Information,
        "Verification finished: blobs and manifests read: {Count}, bytes: {Bytes}, damaged: {Damaged}, missing: {Missing}, unreadable: {Unreadable}")]
    private partial void LogFinished(long count, long bytes, long damaged, long missing, long unreadable);

    [LoggerMessage(2, LogLevel.Information,
        "Verifying: blobs and manifests so far: {Count}, bytes: {Bytes}, damaged: {Damaged}, missing: {Missing}, unreadable: {Unreadable}")]
    private partial void LogProgress(long count, long bytes, long damaged, long missing, long unreadable);
}
