using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Server.Health;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints.Probes;

/// <summary>
/// Health checks for orchestrators and load balancers, with the names that Kubernetes uses. They need no authentication, so their responses
/// contain only public information.
/// </summary>
internal sealed class HealthEndpoints(Readiness readiness)
{
    /// <summary>Answers that the process is alive. Checks nothing else: a restart does not repair a disk.</summary>
    public static Task<RegistryError?> GetLiveAsync(RequestContext request) => AnswerAsync(request, "alive");

    /// <summary>Answers that the start is over. Clients cannot connect earlier.</summary>
    public static Task<RegistryError?> GetStartedAsync(RequestContext request) => AnswerAsync(request, "started");

    /// <summary>Answers if the registry is ready for requests, with warnings for the operator.</summary>
    public async Task<RegistryError?> GetReadyAsync(RequestContext request)
    {
        var findings = await readiness.CheckAsync();
        var isReady = findings.All(finding => finding.State != HealthState.Failed);
        request.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return await AnswerAsync(request, isReady ? "ready" : "not ready", findings);
    }

    private static async Task<RegistryError?> AnswerAsync(RequestContext request, string status, IReadOnlyList<HealthFinding>? findings = null)
    {
        request.Response.Headers.CacheControl = "no-store";
        await JsonResponse.WriteAsync(request, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("status", status);
            if (findings is not null)
            {
                writer.WriteStartObject("checks");
                foreach (var (name, state, reason) in findings)
                {
                    writer.WriteStartObject(name);
                    writer.WriteString("status", Word(state));
                    if (reason is not null)
                    {
                        writer.WriteString("reason", reason);
                    }

                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
        return null;
    }

    /// <summary>A result in a word.</summary>
    internal static string Word(HealthState state) => state switch
    {
        HealthState.Ok => "ok",
        HealthState.Warning => "warning",
        _ => "failed",
    };
}
