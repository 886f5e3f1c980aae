using Registry.Server.Web.Html;
using Registry.Server.Web.Images;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Sections of the page of an image that show its config and the annotations of its manifest.</summary>
internal static class ConfigSections
{
    public static void Write(HtmlWriter html, ImageView view)
    {
        if (view.Config is { } config)
        {
            WriteConfig(html, config);
            WritePairs(html, "Labels", config.Labels);
        }

        WritePairs(html, "Annotations", view.Annotations);
        if (view.Config is { History.Count: > 0 } built)
        {
            WriteHistory(html, built.History);
        }
    }

    private static void WriteConfig(HtmlWriter html, ImageConfig config)
    {
        html.Write($"""<h2>Config</h2><dl class="facts">""");
        WriteList(html, "Entry point", config.EntryPoint);
        WriteList(html, "Command", config.Command);
        WriteList(html, "Environment", config.Environment);
        WriteList(html, "Ports", config.Ports);
        WriteList(html, "Volumes", config.Volumes);
        WriteList(html, "User", config.User is { Length: > 0 } user ? [user] : ["root, since the config names none"]);
        WriteList(html, "Working directory", config.WorkingDirectory is { Length: > 0 } folder ? [folder] : []);
        WriteList(html, "Stop signal", config.StopSignal is { Length: > 0 } signal ? [signal] : []);
        WriteList(html, "Author", config.Author is { Length: > 0 } author ? [author] : []);
        html.Write($"</dl>\n");
    }

    private static void WriteList(HtmlWriter html, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        html.Write($"<dt>{name}</dt><dd><ul>");
        foreach (var value in values)
        {
            html.Write($"<li><code><bdi>{value}</bdi></code></li>");
        }

        html.Write($"</ul></dd>");
    }

    private static void WritePairs(HtmlWriter html, string name, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        html.Write($"""<h2>{name}</h2><dl class="facts">""");
        foreach (var (key, value) in pairs)
        {
            html.Write($"<dt><bdi>{key}</bdi></dt><dd><bdi>{value}</bdi></dd>");
        }

        html.Write($"</dl>\n");
    }

    private static void WriteHistory(HtmlWriter html, IReadOnlyList<HistoryStep> steps)
    {
        html.Write($"<h2>Build</h2><details><summary>{steps.Count} {(steps.Count == 1 ? "step" : "steps")}</summary><ol>");
        foreach (var step in steps)
        {
            html.Write($"<li><code><bdi>{step.Instruction}</bdi></code>");
            if (!step.HasLayer)
            {
                html.Write($""" <span class="quiet">no layer</span>""");
            }

            html.Write($"</li>\n");
        }

        html.Write($"</ol></details>\n");
    }
}
