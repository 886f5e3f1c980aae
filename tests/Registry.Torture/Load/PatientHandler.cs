using System.Net;
using Registry.Torture.Sieges;

namespace Registry.Torture.Load;

/// <summary>Repeats refused requests as real clients do: after the time that the registry names, and not for ever.</summary>
/// <param name="inner">Handler of the connections.</param>
/// <param name="findings">Receives answers that no honest client may get.</param>
internal sealed class PatientHandler(HttpMessageHandler inner, Findings findings) : DelegatingHandler(inner)
{
    private const int Attempts = 5;

    private int _refused;
    private long _waited;

    /// <summary>Number of answers 429 and 503.</summary>
    public int Refused => _refused;

    /// <summary>Time that was waited after them. It is part of the durations that are measured.</summary>
    public TimeSpan Waited => TimeSpan.FromTicks(Interlocked.Read(ref _waited));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
            {
                if ((int)response.StatusCode >= 500)
                {
                    findings.Add("an honest client is never answered 5xx but for 503", $"{request.Method} {request.RequestUri}: {response}");
                }

                return response;
            }

            Interlocked.Increment(ref _refused);
            if (response.Headers.RetryAfter?.Delta is not { } delay)
            {
                findings.Add("a refused client is told when to come again", $"{request.Method} {request.RequestUri}: {response}");
                return response;
            }

            if (attempt == Attempts)
            {
                findings.Add($"an honest client succeeds within {Attempts} attempts", $"{request.Method} {request.RequestUri}: {response}");
                return response;
            }

            response.Dispose();
            Interlocked.Add(ref _waited, delay.Ticks);
            await Task.Delay(delay, cancellationToken);
        }
    }
}
