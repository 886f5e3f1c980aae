using Registry.Core.Errors;
using Registry.Core.Verification;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>A verification of all stored content that a person asks for.</summary>
/// <param name="isDryRun">True to change nothing.</param>
/// <param name="isFast">True to read as fast as the storage allows, also while the registry serves.</param>
internal sealed class VerifyWork(bool isDryRun, bool isFast) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "verify";

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters => WorkParameters.Of(("dryRun", isDryRun), ("fullSpeed", isFast));

    public string Interrupted => "the verification was interrupted; run it again to read the rest";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        // The background verification waits in this mode, too: damaged content is moved, and the position is written.
        if (!isDryRun && target.Core.IsReadOnly)
        {
            return MaintenanceReport.Refuse("the registry is read-only, so damaged content could not be moved away; 'registry verify --dry-run' only reports it");
        }

        var (count, bytes) = await target.Storage.VerifierMetadata.CountStoredAsync();
        var verifying = WorkProgress.Part<VerificationResult>(progress, done => new WorkDone(
            $"Verifying {done.Count} of {Count.Of(count, "blob")}{(done.IsClean ? "" : $" ({done.Damaged} damaged, {done.Missing} missing, {done.Unreadable} unreadable)")}",
            done.Bytes,
            bytes));
        var verifier = isFast || !target.IsServing ? target.Core.FastVerifier : target.Core.Verifier;
        return new MaintenanceReport { Verified = VerifyResult.Of(await verifier.VerifyAllAsync(isDryRun, verifying, cancellationToken), target.Storage.Name) };
    }
}
