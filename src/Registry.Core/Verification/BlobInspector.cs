using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>
/// Compares stored bytes with their digest, and moves damaged bytes into quarantine. The blob is then unknown to clients, so that they push it
/// again, which repairs it in every repository that has it.
/// </summary>
/// <remarks>
/// Reading needs no fence. Bytes that look damaged are read again, from the disk, since the memory may be at fault. They are moved within the fence
/// of their digest, and only if they are still needed and the file is still the one that was read: intact bytes of a new push stay.
/// </remarks>
public sealed partial class BlobInspector(
    IBlobScrubber scrub,
    IStagedContent staged,
    IStagedQuarantine quarantine,
    IVerifierMetadata metadata,
    IBlobStore blobs,
    Pace pace,
    ILogger<BlobInspector> logger)
{
    // Cost of finding a file, as the number of bytes that the disk could have read meanwhile.
    private const int Seek = 64 * 1024;

    private const int MaxNamed = 5;

    /// <summary>Inspects one blob or manifest. A fault is logged in one line.</summary>
    /// <param name="content">Content as the metadata records it.</param>
    /// <param name="isDryRun">True to change nothing.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async Task<BlobCondition> InspectAsync(StoredContent content, bool isDryRun, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        try
        {
            // The row first: its file is durable before the row is removed, so content without a row has a file.
            if (!staged.IsEmpty && await staged.FindAsync(content.Digest) is { } row)
            {
                await pace.SpendAsync(row.Bytes.Length, cancellationToken);
                return row.IsWhole ? BlobCondition.Whole : await QuarantineAsync(row, content.Size, isDryRun, cancellationToken);
            }

            using var file = await scrub.OpenAsync(content.Place);
            if (content.IsLost)
            {
                // It was reported when it was lost.
                return file is not null && file.Length == content.Size && await IsWholeAsync(file, cancellationToken)
                    ? await RestoreAsync(content.Place, isDryRun, cancellationToken)
                    : BlobCondition.Gone;
            }

            if (file is null)
            {
                return await ReportMissingAsync(content.Place, isDryRun, cancellationToken);
            }

            if (!await IsWholeAsync(file, cancellationToken))
            {
                file.DropFromMemory();
                if (!await IsWholeAsync(file, cancellationToken))
                {
                    return await QuarantineAsync(file, isDryRun, cancellationToken);
                }
            }

            return file.Length == content.Size ? BlobCondition.Whole : await ReportSizeAsync(file);
        }
        catch (StorageException e) when (e.InnerException is IOException or UnauthorizedAccessException)
        {
            // The operator must find out whether the file or the whole disk is at fault.
            LogUnreadable(content.Digest.Value, e.Message);
            return BlobCondition.Unreadable;
        }
    }

    private async Task<bool> IsWholeAsync(IScrubbedBlob file, CancellationToken cancellationToken)
    {
        await pace.SpendAsync(Seek, cancellationToken);
        while (await file.ReadPieceAsync() is var count and > 0)
        {
            await pace.SpendAsync(count, cancellationToken);
        }

        return file.EndsWhole();
    }

    private async Task<BlobCondition> QuarantineAsync(IScrubbedBlob file, bool isDryRun, CancellationToken cancellationToken)
    {
        await using var fence = await blobs.FenceAsync(file.Digest, cancellationToken);
        if (await metadata.FindSizeAsync(file.Digest) is not { } size || await IsStagedAsync(file.Digest))
        {
            return BlobCondition.Gone;
        }

        if (isDryRun)
        {
            LogFound(file.Digest.Value, await DescribeRepositoriesAsync(file.Digest), size, file.Length);
            return BlobCondition.Damaged;
        }

        if (await file.QuarantineAsync() is not { } place)
        {
            return BlobCondition.Gone;
        }

        await metadata.MarkLostAsync(file.Place);
        var repositories = await DescribeRepositoriesAsync(file.Digest);
        if (place == file.Place.Key)
        {
            LogKept(file.Digest.Value, repositories, size, file.Length, place);
        }
        else
        {
            LogDamaged(file.Digest.Value, repositories, size, file.Length, place);
        }

        return BlobCondition.Damaged;
    }

    private async Task<BlobCondition> QuarantineAsync(StagedContent row, long size, bool isDryRun, CancellationToken cancellationToken)
    {
        await using var fence = await blobs.FenceAsync(row.Digest, cancellationToken);
        if ((await staged.FindPresentAsync([row.Id])).Count == 0)
        {
            return BlobCondition.Gone;
        }

        if (isDryRun)
        {
            LogFound(row.Digest.Value, await DescribeRepositoriesAsync(row.Digest), size, row.Bytes.Length);
            return BlobCondition.Damaged;
        }

        var repositories = await DescribeRepositoriesAsync(row.Digest);
        if (await quarantine.TakeAsync(row) is not { } place)
        {
            return BlobCondition.Whole;
        }

        LogDamaged(row.Digest.Value, repositories, size, row.Bytes.Length, place);
        return BlobCondition.Damaged;
    }

    private async Task<bool> IsStagedAsync(Digest digest) => !staged.IsEmpty && await staged.FindAsync(digest) is not null;

    private async Task<BlobCondition> ReportMissingAsync(BlobPlace place, bool isDryRun, CancellationToken cancellationToken)
    {
        var digest = place.Known;
        await using var fence = await blobs.FenceAsync(digest, cancellationToken);
        if (await metadata.FindSizeAsync(digest) is null || await IsStagedAsync(digest) || await scrub.ExistsAsync(place))
        {
            return BlobCondition.Gone;
        }

        if (!isDryRun)
        {
            await metadata.MarkLostAsync(place);
        }

        LogMissing(digest.Value, await DescribeRepositoriesAsync(digest));
        return BlobCondition.Missing;
    }

    // The file has been put back: from a backup, or because its file system was mounted again.
    private async Task<BlobCondition> RestoreAsync(BlobPlace place, bool isDryRun, CancellationToken cancellationToken)
    {
        var digest = place.Known;
        await using var fence = await blobs.FenceAsync(digest, cancellationToken);
        if (isDryRun || !await scrub.ExistsAsync(place))
        {
            return BlobCondition.Gone;
        }

        await metadata.MarkFoundAsync(place);
        LogFoundAgain(digest.Value, await DescribeRepositoriesAsync(digest));
        return BlobCondition.Whole;
    }

    // The bytes are right, so they stay; but they are not served while the record is wrong.
    private async Task<BlobCondition> ReportSizeAsync(IScrubbedBlob file)
    {
        if (await metadata.FindSizeAsync(file.Digest) is not { } size || size == file.Length)
        {
            return BlobCondition.Gone;
        }

        LogSize(file.Digest.Value, await DescribeRepositoriesAsync(file.Digest), file.Length, size);
        return BlobCondition.Damaged;
    }

    private async Task<string> DescribeRepositoriesAsync(Digest digest)
    {
        var names = await metadata.FindRepositoriesAsync(digest, MaxNamed + 1);
        return names.Count == 0 ? "no repository" : string.Join(", ", names.Take(MaxNamed)) + (names.Count > MaxNamed ? " and others" : string.Empty);
    }

    [LoggerMessage(1, LogLevel.Error,
        "{Digest} of {Repositories} is damaged: its content ({Actual} B, {Expected} B on record) does not have that digest. It was moved to {Place}. Pushing it again repairs it")]
    private partial void LogDamaged(string digest, string repositories, long expected, long actual, string place);

    [LoggerMessage(2, LogLevel.Error,
        "{Digest} of {Repositories} is damaged: its content ({Actual} B, {Expected} B on record) does not have that digest. It is left in place")]
    private partial void LogFound(string digest, string repositories, long expected, long actual);

    [LoggerMessage(7, LogLevel.Error,
        "{Digest} of {Repositories} is damaged: its content ({Actual} B, {Expected} B on record) does not have that digest. It is no longer served, and stays in the store as {Place}. Pushing it again repairs it")]
    private partial void LogKept(string digest, string repositories, long expected, long actual, string place);

    [LoggerMessage(3, LogLevel.Error, "{Digest} of {Repositories} is missing: there is no file. Pushing it again repairs it")]
    private partial void LogMissing(string digest, string repositories);

    [LoggerMessage(4, LogLevel.Error,
        "{Digest} of {Repositories} is intact with {Actual} B, but {Expected} B are on record, so it is not served. Pushing it again repairs it")]
    private partial void LogSize(string digest, string repositories, long actual, long expected);

    [LoggerMessage(6, LogLevel.Warning, "{Digest} of {Repositories} was missing and has been found again with its digest: it is served again")]
    private partial void LogFoundAgain(string digest, string repositories);

    [LoggerMessage(5, LogLevel.Error, "{Digest} could not be verified and is left in place: {Reason}")]
    private partial void LogUnreadable(string digest, string reason);
}
