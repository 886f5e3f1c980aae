using System.Globalization;
using Registry.Core.Configuration;
using Registry.Server.Maintenance;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>A job that runs: how far it is, and a link to how far it is then. With the script, the page follows it by itself.</summary>
/// <param name="job">The job.</param>
/// <param name="path">Path of the page.</param>
internal readonly struct JobProgressPart(MaintenanceJob job, string path) : IHtmlPart
{
    private const int Percent = 100;

    public void WriteTo(HtmlWriter html)
    {
        html.Write(
            $"""
            <div class="note" data-job><p><strong>{WorkParameters.Describe(job.Work.Kind, job.Work.Parameters)}</strong> runs since {new TimePart(job.StartedAt)}, started by <bdi>{MaintenanceJobs.NameOf(job.Origin)}</bdi>.</p>

            """);
        var status = job.Status;
        if (status.Progress is { } done)
        {
            html.Write($"<p><bdi>{done.Text}</bdi></p>");
            if (done.Total is > 0 and var total)
            {
                html.Write($"{new BarPart(done.Amount, total)}");
            }

            html.Write($"<p>{Figures(done, status.Rate)}</p>");
        }

        html.Write($"""</div><p><a href="{path}">Show the present state</a></p>""");
    }

    // Such as "2 %, 34.1 MiB of 1.20 GiB, 10.0 MiB/s, 1m58s left".
    private static string Figures(WorkDone done, double rate)
    {
        string?[] figures = done.Total is > 0 and var total
            ?
            [
                $"{Percent * Math.Clamp(done.Amount, 0, total) / total} %",
                $"{Amount(done.Amount, done.Unit)} of {Amount(total, done.Unit)}",
                $"{Amount((long)rate, done.Unit)}/s",
                WorkRate.TimeLeft(done, rate) is { } left ? $"{Duration.Write(left)} left" : null,
            ]
            : [Amount(done.Amount, done.Unit), $"{Amount((long)rate, done.Unit)}/s"];
        return string.Join(", ", figures.OfType<string>());
    }

    private static string Amount(long amount, string? unit) => unit is null ? SizePart.Describe(amount) : string.Create(CultureInfo.InvariantCulture, $"{amount} {unit}");
}
