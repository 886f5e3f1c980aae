using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Server.Api;
using Registry.Server.Api.Maintenance;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage.Files;

namespace Registry.Server.Commands.Maintain;

/// <summary>
/// Runs of maintenance: as a job of the registry that runs on the data folder, or that <c>--server</c> names; otherwise in the folder itself. Output and exit code are
/// the same.
/// </summary>
/// <param name="context">The command's surroundings.</param>
/// <param name="work">The work.</param>
/// <param name="isJson">True to print the result as JSON.</param>
internal sealed class MaintenanceRun(CommandContext context, IMaintenanceWork work, bool isJson)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the work of a command.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="server">Value of <c>--server</c>; null without it.</param>
    /// <param name="runInFolder">Runs it in the data folder, if no running registry is found.</param>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(ParseResult parsed, string? server, Func<RegistryOptions, ILoggerFactory, CancellationToken, Task<int>> runInFolder) => server is null
        ? context.WithSignalsAsync(parsed, (options, loggers, cancelled) => RunAsync(options, () => runInFolder(options, loggers, cancelled), cancelled))
        : AskAsync(parsed, server);

    /// <summary>Asks a registry by its address.</summary>
    public Task<int> AskAsync(ParseResult parsed, string server) =>
        CommandContext.WithSignalsAsync(cancelled => RemoteCommand.RunToMaintainAsync(context, parsed, server, registry => AskAsync(registry, cancelled)));

    /// <summary>Asks the registry that runs on the data folder of the settings, or runs the work there.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="runInFolder">Runs it in the data folder, if no running registry is found.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <param name="prepare">Called before a running registry is asked; null for nothing.</param>
    public async Task<int> RunAsync(RegistryOptions options, Func<Task<int>> runInFolder, CancellationToken cancellationToken, Func<Task>? prepare = null)
    {
        try
        {
            if (await LocalSocket.FindAsync(options) is { } address)
            {
                using var registry = RemoteRegistry.OfSocket(address);
                await (prepare?.Invoke() ?? Task.CompletedTask);
                return await AskAsync(registry, cancellationToken);
            }
        }
        catch (RemoteException e)
        {
            return context.Fail(e.Message);
        }

        return await context.TryAsync(options.Storage, work.Interrupted, async () =>
        {
            try
            {
                return await runInFolder();
            }
            catch (StorageException e) when (e.InnerException is IOException inner && DataFolder.IsLocked(inner))
            {
                return context.Fail(
                    $"{CommandContext.Describe(options.Storage, e)}. If that is a registry, it is just starting or stopping, or its log says why it has no socket; {(work is ImportWork ? ImportWork.FromElsewhere : "an admin can ask it with --server")}");
            }
        });
    }

    /// <summary>Runs the work in a storage that this command has opened, and prints the result.</summary>
    public async Task<int> RunAsync(MaintenanceTarget target, CancellationToken cancellationToken) => Print(await context.WithProgressAsync<WorkDone, MaintenanceReport>(
        isJson, done => done, progress => work.RunAsync(target, progress, cancellationToken)));

    private async Task<int> AskAsync(RemoteRegistry registry, CancellationToken cancellationToken)
    {
        if (work is GcWork { Explained: { } digest })
        {
            var explanation = await registry.GetAsync($"/api/v1/maintenance/explain?digest={digest}", MaintenanceJson.Default.GcExplanation);
            return Print(new MaintenanceReport { Explanation = explanation });
        }

        var query = string.Join('&', work.Parameters.Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}"));
        var job = await registry.PostAsync(
            $"/api/v1/maintenance/{work.Kind}{(query.Length == 0 ? "" : $"?{query}")}", new EmptyBody(), MaintenanceJson.Default.EmptyBody, null, MaintenanceJson.Default.JobAnswer);
        var ended = await context.WithProgressAsync<WorkDone, JobAnswer>(isJson, done => done, progress => FollowAsync(registry, job.Id, progress, cancellationToken));
        return ended.State == JobAnswer.Cancelled ? context.Fail($"{work.Interrupted}{(cancellationToken.IsCancellationRequested ? "" : " (the job was ended by someone else, or by the stop of the registry)")}")
            : ended.Report is { } report ? Print(report)
            : context.Fail(RemoteMessage.Printable(ended.Outcome ?? "another job has been started since, and the result of this one is forgotten"));
    }

    // Until the job has ended; an interruption ends it.
    private static async Task<JobAnswer> FollowAsync(RemoteRegistry registry, long id, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        var isCancelled = false;
        try
        {
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                var job = await registry.GetAsync($"/api/v1/maintenance/show?id={id}", MaintenanceJson.Default.JobAnswer);
                if (job.State != JobAnswer.Running)
                {
                    return job;
                }

                if (job.Progress is { } done)
                {
                    progress?.Report(new WorkDone(done.Text, done.Done, done.Total, done.Unit));
                }

                if (cancellationToken.IsCancellationRequested && !isCancelled)
                {
                    isCancelled = true;
                    pause = FirstPause;
                    await registry.PostAsync(
                        $"/api/v1/maintenance/cancel?id={id}", new EmptyBody(), MaintenanceJson.Default.EmptyBody, null, MaintenanceJson.Default.JobAnswer);
                }

                await Task.Delay(pause, isCancelled ? CancellationToken.None : cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (RemoteException e)
        {
            throw new RemoteException($"{e.Message}. The job that this command has begun ends only with the registry, or by 'registry jobs cancel'");
        }
    }

    private int Print(MaintenanceReport report)
    {
        if (report.Refusal is { } refusal)
        {
            return context.Fail(RemoteMessage.Printable(refusal));
        }

        if (isJson)
        {
            WriteJson(report);
        }
        else
        {
            report.Write(context.Output);
        }

        return report.IsSuccess ? ExitCodes.Success : ExitCodes.Failure;
    }

    private void WriteJson(MaintenanceReport report)
    {
        switch (report)
        {
            case { Collected: { } collected }:
                ReportJson.Write(context.Output, collected, json => json.GcResult);
                break;
            case { Preview: { } preview }:
                ReportJson.Write(context.Output, preview, json => json.GcPreview);
                break;
            case { Untagged: { } untagged }:
                ReportJson.Write(context.Output, untagged, json => json.GcUntagged);
                break;
            case { Explanation: { } explanation }:
                ReportJson.Write(context.Output, explanation, json => json.GcExplanation);
                break;
            case { Imported: { } imported }:
                ReportJson.Write(context.Output, imported, json => json.TransferReport);
                break;
            case { Copied: { } copied }:
                ReportJson.Write(context.Output, copied, json => json.TransferReport);
                break;
            case { Warmed: { } warmed }:
                ReportJson.Write(context.Output, warmed, json => json.TransferReport);
                break;
            case { Compared: { } compared }:
                ReportJson.Write(context.Output, compared, json => json.ReindexPreview);
                break;
            case { Retained: { } retained }:
                ReportJson.Write(context.Output, retained, json => json.RetentionResult);
                break;
            case { Verified: { } verified }:
                ReportJson.Write(context.Output, verified, json => json.VerifyResult);
                break;
        }
    }
}
