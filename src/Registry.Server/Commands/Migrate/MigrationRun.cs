using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Images;
using Registry.Images.Migration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands.Migrate;

/// <summary>
/// Runs <c>registry migrate</c> on two storages. Marks make it safe: from the first pass on, the target has one, so that no registry starts on incomplete content, and
/// later passes know that they may remove content from it. The last pass sets that of the source before it removes that of the target, so that a registry never
/// starts on both.
/// </summary>
internal sealed class MigrationRun(
    CommandContext context, MigrateRequest request, MigrationEnds ends, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
{
    private const string Command = "migrate";

    /// <summary>Counts what a pass would do. Nothing is written.</summary>
    public async Task<int> CountAsync()
    {
        await using var source = await OpenSourceAsync();
        await using var target = await StorageReader.TryOpenAsync(ends.Target.Storage, time, loggers, cancellationToken);
        var content = target is null ? null : RegistryContent.Of(target);
        var name = target?.Name ?? (ends.Target.Database is null ? ends.Target.Storage.Folder : "the new database");
        var mark = target is null ? null : await target.ReadMigrationAsync();
        if (await RefuseAsync(source) is { } refusal
            || (content is not null && (refusal = MigrationEnds.RefuseTarget(name, mark, await content.IsEmptyAsync(), source.Name)) is not null))
        {
            return context.Fail(refusal);
        }

        return Report(source.Name, name, await MigrationPlan.MeasureAsync(RegistryContent.Of(source), content, cancellationToken));
    }

    /// <summary>Makes a pass while the registry may be running.</summary>
    public async Task<int> CopyAsync()
    {
        await using var source = await OpenSourceAsync();
        if (await RefuseAsync(source) is { } refusal)
        {
            return context.Fail(refusal);
        }

        return await context.WithStorageAsync(await OpenTargetAsync(), async target =>
        {
            if (await BeginAsync(target.Storage, source.Name) is { } refused)
            {
                return context.Fail(refused);
            }

            var (counts, faulty, faults) = await CopyAsync(RegistryContent.Of(source), target);
            return Report(source.Name, target.Storage.Name, counts, report => report with { Faulty = faulty, Faults = faults });
        });
    }

    /// <summary>Makes the last pass, and compares.</summary>
    public async Task<int> FinishAsync()
    {
        StoppedRegistry opened;
        try
        {
            opened = await SourceFaultException.GuardAsync(() => StoppedRegistry.OpenAsync(Command, ends.Source, time, loggers));
        }
        catch (SourceFaultException e)
        {
            return context.Fail($"{CommandContext.Describe(ends.Source.Storage, e.Fault)}. The last pass needs the registry stopped");
        }

        return await context.WithStorageAsync(opened, async source => await context.WithStorageAsync(await OpenTargetAsync(), target => FinishAsync(source.Storage, target)));
    }

    private async Task<int> FinishAsync(RegistryStorage source, StoppedRegistry opened)
    {
        var target = opened.Storage;
        if (await SourceFaultException.GuardAsync(source.IsUsedByOthersAsync))
        {
            return context.Fail($"{source.Name} is in use by other processes, which may change it. The last pass needs all nodes stopped; one that was killed counts for 15 seconds");
        }

        // With its mark, a source is moved unless the last pass was interrupted between both marks.
        var before = await SourceFaultException.GuardAsync(source.ReadMigrationAsync);
        var expected = await target.ReadMigrationAsync() is { IsMoved: false } ? target.Name : string.Empty;
        if ((MigrationEnds.RefuseSource(source.Name, before, expected) ?? await BeginAsync(target, source.Name)) is { } refusal)
        {
            return context.Fail(refusal);
        }

        var totals = await SourceFaultException.GuardAsync(source.ReadTotalsAsync);
        var (counts, faulty, faults) = await CopyAsync(RegistryContent.Of(source), opened);
        var comparison = await context.WithProgressAsync(request.IsJson, WorkDone.OfTransfer("Comparing"), progress =>
            MigrationCheck.RunAsync(RegistryContent.Of(source), RegistryContent.Of(target), request.ComparesContent, progress, cancellationToken));
        if (await SourceFaultException.GuardAsync(source.IsUsedByOthersAsync) || await SourceFaultException.GuardAsync(source.ReadTotalsAsync) != totals)
        {
            return context.Fail($"{source.Name} was used by another process meanwhile; stop all nodes and run the command again");
        }

        var isMoved = faulty == 0 && comparison.Different == 0;
        if (isMoved && await HandOverAsync(source, target, before) is { } failure)
        {
            return context.Fail(failure);
        }

        return Report(
            source.Name,
            target.Name,
            counts,
            report => report with { Faulty = faulty, Faults = faults, Comparison = comparison, IsMoved = isMoved },
            source.HowToUnmark);
    }

    // From here on the registry is at the target.
    private async Task<string?> HandOverAsync(RegistryStorage source, RegistryStorage target, MigrationMark? before)
    {
        try
        {
            using var key = await SourceFaultException.GuardAsync(source.OpenTokenKeyAsync);
            await target.ReplaceTokenKeyAsync(key);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"the signing key of the tokens cannot be moved, and no mark was set: {(e is IOException ? IoFault.Reason(e) : e.Message)}";
        }

        await KeepPromisesAsync(target);
        await SourceFaultException.GuardAsync(() => source.MarkMigrationAsync(new MigrationMark(IsMoved: true, target.Name)));

        // A node that starts has its row before it reads the mark: either it finds the mark, or it is found here.
        if (await SourceFaultException.GuardAsync(source.IsUsedByOthersAsync))
        {
            await SourceFaultException.GuardAsync(() => source.MarkMigrationAsync(before));
            return $"{source.Name} is in use by another process again, and no mark was set; stop all nodes and run the command again";
        }

        await target.MarkMigrationAsync(null);
        return null;
    }

    // The source has told clients that content exists, and the rows of the target are as old as the passes that brought them. No promise of the source is longer than its
    // grace period, and the source has been stopped since before this pass. The longer period of both ends, since only the settings of one of them may name it.
    private async Task KeepPromisesAsync(RegistryStorage target)
    {
        var grace = ends.Source.GcGrace > ends.Target.GcGrace ? ends.Source.GcGrace : ends.Target.GcGrace;
        await target.CollectorMetadata.SaveClockAsync(target.Clock.Now + (long)grace.TotalSeconds + 1);
    }

    private Task<(MigrationCounts Done, long Faulty, IReadOnlyList<string> Faults)> CopyAsync(RegistryContent source, StoppedRegistry target) =>
        context.WithProgressAsync<TransferProgress, (MigrationCounts, long, IReadOnlyList<string>)>(
            request.IsJson,
            WorkDone.OfTransfer("Copying"),
            progress => MigrationPass.RunAsync(source, RegistryContent.Of(target.Storage), target.Writer, progress, cancellationToken));

    // Marks the target, if it may be one; otherwise returns the reason.
    private static async Task<string?> BeginAsync(RegistryStorage target, string source)
    {
        var before = await target.ReadMigrationAsync();
        if (MigrationEnds.RefuseTarget(target.Name, before, await RegistryContent.Of(target).IsEmptyAsync(), source) is { } refusal)
        {
            return refusal;
        }

        await target.MarkMigrationAsync(new MigrationMark(IsMoved: false, source));
        if (!await target.IsUsedByOthersAsync())
        {
            return null;
        }

        await target.MarkMigrationAsync(before);
        return $"{target.Name} is in use by other processes; stop all nodes there, and start them after the last pass. One that was killed counts for 15 seconds";
    }

    // Only the last pass continues after its mark.
    private static async Task<string?> RefuseAsync(StorageReader source) =>
        MigrationEnds.RefuseSource(source.Name, await SourceFaultException.GuardAsync(source.ReadMigrationAsync), target: string.Empty);

    private Task<StorageReader> OpenSourceAsync() =>
        SourceFaultException.GuardAsync(() => StorageReader.OpenAsync(ends.Source.Storage, time, loggers, cancellationToken));

    private Task<StoppedRegistry> OpenTargetAsync() => StoppedRegistry.OpenAsync(Command, ends.Target, time, loggers, createsFolder: true);

    private int Report(
        string source, string target, MigrationCounts counts, Func<MigrationReport, MigrationReport>? complete = null, string howToUnmark = "")
    {
        var report = new MigrationReport { Source = source, Target = target, Counts = counts };
        return MigrateLines.Write(context, request, complete?.Invoke(report) ?? report, howToUnmark) ? ExitCodes.Failure : ExitCodes.Success;
    }
}
