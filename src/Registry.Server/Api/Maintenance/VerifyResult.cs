using Registry.Core.Verification;

namespace Registry.Server.Api.Maintenance;

/// <summary>What <c>registry verify</c> has read and found.</summary>
/// <param name="Count">Number of blobs and manifests that were inspected.</param>
/// <param name="Bytes">Their size in bytes according to the metadata.</param>
/// <param name="Damaged">Number of those whose bytes do not have their digest.</param>
/// <param name="Missing">Number of those without a file.</param>
/// <param name="Unreadable">Number of those that the disk cannot read.</param>
/// <param name="IsMetadataDamaged">True if the database is damaged.</param>
/// <param name="Findings">Number of faults; damage of the database counts once.</param>
/// <param name="IsClean">True without any fault.</param>
/// <param name="Storage">Place of the registry, for people: the path of the data folder, or the address of the database.</param>
internal sealed record VerifyResult(
    long Count, long Bytes, long Damaged, long Missing, long Unreadable, bool IsMetadataDamaged, long Findings, bool IsClean, string Storage)
{
    public static VerifyResult Of(VerificationResult result, string storage) => new(
        result.Count, result.Bytes, result.Damaged, result.Missing, result.Unreadable, result.IsMetadataDamaged, result.Findings, result.IsClean, storage);

    public void Write(TextWriter output) => output.WriteLine(
        $"Read all blobs and manifests in {Storage}: {Core.Errors.Count.Of(Count, "file")}, {Core.Errors.Count.Of(Bytes, "byte")}; "
        + $"{Damaged} damaged, {Missing} missing, {Unreadable} unreadable."
        + (IsMetadataDamaged ? " registry.db is damaged; 'registry reindex' rebuilds it." : string.Empty));
}
