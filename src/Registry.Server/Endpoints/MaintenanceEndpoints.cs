using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror;
using Registry.Server.Api.Maintenance;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Maintenance;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/maintenance</c>: jobs of the running registry, its read-only mode, and the explanation why a blob or manifest is kept.</summary>
internal sealed class MaintenanceEndpoints(MaintenanceJobs jobs, MirrorPulls? mirror, ReadOnlyMode readOnly, RequestMemory memory, RegistryOptions options)
{
    // A name of 255 characters, a digest and the figures, in JSON.
    private const int EntryOfReport = 512;

    // A job without the lists of its report, or an explanation, whose lists are short.
    private const int Answer = 64 * 1024;

    private static readonly string[] NoParameters = [];

    public async Task<RegistryError?> ListAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, NoParameters) is { } unknown)
        {
            return unknown;
        }

        var answer = new JobListAnswer(readOnly.IsOn, [.. jobs.List().Select(job => Describe(job, withReport: false))]);
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MaintenanceJson.Default.JobListAnswer));
        return null;
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Find(request).TryGet(out var id, out var fault))
        {
            return fault;
        }

        if (!jobs.Find(id).TryGet(out var job, out var error))
        {
            return error;
        }

        using var held = new HeldListing(request, memory);
        var size = Answer + ((job.Status.Outcome?.Report?.Entries ?? 0L) * EntryOfReport);
        if (await held.ReserveAsync(size, size) is { } refused)
        {
            return refused;
        }

        var answer = Describe(job, withReport: true);
        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, MaintenanceJson.Default.JobAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> ExplainAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, Route.DigestParameter) is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadDigest(query).TryGet(out var digest, out var fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        if (await held.ReserveAsync(Answer, Answer) is { } refused)
        {
            return refused;
        }

        if (!(await jobs.ExplainAsync(digest, request.Aborted)).TryGet(out var answer, out var error))
        {
            return error;
        }

        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, MaintenanceJson.Default.GcExplanation)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> CollectAsync(RequestContext request) =>
        ReadCollection(request.Request.Query).TryGet(out var asked, out var fault) ? await StartAsync(request, new GcWork(asked)) : fault;

    public async Task<RegistryError?> VerifyAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "dryRun", "fullSpeed") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadSwitch(query, "dryRun").TryGet(out var isDryRun, out var fault) || !ApiParameters.ReadSwitch(query, "fullSpeed").TryGet(out var isFast, out fault))
        {
            return fault;
        }

        return await StartAsync(request, new VerifyWork(isDryRun, isFast));
    }

    public async Task<RegistryError?> ImportAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "path", "target", "standardInput") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, "path").TryGet(out var path, out var fault)
            || !QueryParameter.Find(query, "target").TryGet(out var text, out fault)
            || !ApiParameters.ReadSwitch(query, "standardInput").TryGet(out var isStandardInput, out fault))
        {
            return fault;
        }

        if (!Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            return Malformed($"path is '{Parameters.Echo(path)}'; it must be an absolute path on the machine of the registry");
        }

        ImageReference? target = null;
        if (text is not null && !ApiParameters.ParseImage("target", text).TryGet(out target, out fault))
        {
            return fault;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        // A path on this machine is for those who could read it anyway.
        return request.IsLocal
            ? await BeginAsync(request, new ImportWork(Path.GetFullPath(path), isStandardInput, target, options.ManifestMaxSize))
            : new RegistryError(
                RegistryErrorCode.Denied,
                $"an import reads files of the machine of the registry, so only commands on that machine may ask for it: run 'registry import' there. From elsewhere, {ImportWork.FromElsewhere}");
    }

    public async Task<RegistryError?> CopyAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "source", "target", "noReferrers") is { } unknown)
        {
            return unknown;
        }

        return ApiParameters.ReadImage(query, "source").TryGet(out var source, out var fault)
            && ApiParameters.ReadImage(query, "target").TryGet(out var target, out fault)
            && ApiParameters.ReadSwitch(query, "noReferrers").TryGet(out var isAlone, out fault)
            ? await StartAsync(request, new CopyWork(source, target, !isAlone))
            : fault;
    }

    public async Task<RegistryError?> WarmAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, ApiParameters.Image, ApiParameters.Platform) is { } unknown)
        {
            return unknown;
        }

        return !ApiParameters.ReadImage(query, ApiParameters.Image).TryGet(out var image, out var fault) ? fault
            : image.Reference is null ? Malformed($"image is '{image}'; it must have a tag or digest, such as hub/library/alpine:latest")
            : !ApiParameters.ReadPlatform(query).TryGet(out var platform, out var invalid) ? invalid
            : await StartAsync(request, new WarmWork(image, platform, mirror));
    }

    public async Task<RegistryError?> RetainAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "dryRun", "repository", "yes") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadSwitch(query, "dryRun").TryGet(out var isDryRun, out var fault)
            || !ApiParameters.ReadSwitch(query, "yes").TryGet(out var isConfirmed, out fault)
            || !QueryParameter.Find(query, "repository").TryGet(out var text, out fault))
        {
            return fault;
        }

        RepositoryName? repository = null;
        if (text is not null)
        {
            if (!RepositoryName.TryParse(text, out var name))
            {
                return Malformed($"repository is '{Parameters.Echo(text)}'; it must be the name of a repository, such as team/app");
            }

            repository = name;
        }

        return isDryRun && isConfirmed ? Malformed("dryRun cannot be combined with yes")
            : !isDryRun && repository is not null ? Malformed("repository needs dryRun: a run is about all repositories")
            : await StartAsync(request, new RetentionWork(isDryRun, isConfirmed, repository));
    }

    public async Task<RegistryError?> CompareAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "dryRun") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, "dryRun").TryGet(out _, out var missing))
        {
            return missing;
        }

        return !ApiParameters.ReadSwitch(query, "dryRun").TryGet(out var isDryRun, out var fault) ? fault
            : isDryRun ? await StartAsync(request, new ComparisonWork())
            : Malformed("dryRun must be true: a reindex replaces the database, which a running registry uses; stop it, and run 'registry reindex'");
    }

    public async Task<RegistryError?> CancelAsync(RequestContext request)
    {
        if (!Find(request).TryGet(out var id, out var fault))
        {
            return fault;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        if (!jobs.Cancel(id).TryGet(out var job, out var error))
        {
            return error;
        }

        await AnswerAsync(request, job);
        return null;
    }

    public async Task<RegistryError?> SetReadOnlyAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "on") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, "on").TryGet(out _, out var missing))
        {
            return missing;
        }

        if (!ApiParameters.ReadSwitch(query, "on").TryGet(out var isOn, out var fault))
        {
            return fault;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        if (readOnly.IsOn != isOn)
        {
            readOnly.Turn(isOn, MaintenanceJobs.NameOf(request.Origin));
        }

        var answer = new ReadOnlyAnswer(readOnly.IsOn);
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MaintenanceJson.Default.ReadOnlyAnswer));
        return null;
    }

    private async Task<RegistryError?> StartAsync(RequestContext request, IMaintenanceWork work) => await CheckAsync(request) ?? await BeginAsync(request, work);

    private async Task<RegistryError?> BeginAsync(RequestContext request, IMaintenanceWork work)
    {
        if (!jobs.Start(work, request.Origin).TryGet(out var job, out var error))
        {
            return error;
        }

        await AnswerAsync(request, job);
        return null;
    }

    private static Result<GcRequest> ReadCollection(IQueryCollection query)
    {
        if (ApiParameters.CheckNames(query, "dryRun", "force", "untagged", "olderThan", "delete") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadSwitch(query, "dryRun").TryGet(out var isDryRun, out var fault)
            || !ApiParameters.ReadSwitch(query, "force").TryGet(out var isForced, out fault)
            || !ApiParameters.ReadSwitch(query, "untagged").TryGet(out var isUntagged, out fault)
            || !ApiParameters.ReadSwitch(query, "delete").TryGet(out var isDeletion, out fault)
            || !QueryParameter.Find(query, "olderThan").TryGet(out var age, out fault))
        {
            return fault;
        }

        var olderThan = TimeSpan.Zero;
        return age is not null && !Duration.TryParse(age, out olderThan) ? Malformed($"olderThan is '{Parameters.Echo(age)}'; it must be a time such as 30d, 12h or 1h30m")
            : isDryRun && (isForced || isUntagged) ? Malformed("dryRun cannot be combined with force or untagged; without delete, untagged only lists")
            : !isUntagged && (isDeletion || age is not null) ? Malformed("olderThan and delete need untagged")
            : new GcRequest(isDryRun, isForced, Untagged: isUntagged ? new GcRequest.UntaggedManifests(olderThan, isDeletion) : null);
    }

    private static Result<long> Find(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "id") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, "id").TryGet(out var text, out var fault))
        {
            return fault;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : Malformed($"id is '{Parameters.Echo(text)}'; it must be the number of a job");
    }

    private Task<RegistryError?> CheckAsync(RequestContext request) => UnconditionalRequest.CheckAsync(request, "maintenance", memory.Bodies, options.Limits.HeldBody);

    private static Task AnswerAsync(RequestContext request, MaintenanceJob job)
    {
        var answer = Describe(job, withReport: false);
        NotStored(request);
        request.Response.StatusCode = StatusCodes.Status202Accepted;
        return JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MaintenanceJson.Default.JobAnswer));
    }

    private static JobAnswer Describe(MaintenanceJob job, bool withReport)
    {
        var status = job.Status;
        var outcome = status.Outcome;
        return new JobAnswer
        {
            Id = job.Id,
            Kind = job.Work.Kind,
            Parameters = job.Work.Parameters,
            State = status.Word,
            StartedBy = MaintenanceJobs.NameOf(job.Origin),
            StartedAt = Rfc3339.Format(job.StartedAt),
            EndedAt = outcome is null ? null : Rfc3339.Format(outcome.At),
            Progress = status.Progress is { } done
                ? new JobAnswer.JobProgress(done.Text, done.Amount, done.Total, done.Unit, status.Rate, (long?)WorkRate.TimeLeft(done, status.Rate)?.TotalSeconds)
                : null,
            Outcome = outcome?.Text,
            Numbers = outcome?.Numbers,
            Report = withReport ? outcome?.Report : null,
        };
    }

    private static RegistryError Malformed(string detail) => new(RegistryErrorCode.BadRequest, detail);

    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
