using Microsoft.AspNetCore.Http;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Sessions;
using Registry.Core.Errors;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages;

/// <summary>Log-in with the user name and the password of the registry, and log-out.</summary>
internal sealed class LogInPage(
    PageFrame frame, WebSessions sessions, BasicAuthenticator passwords, FormReader forms, FailedLogins failedLogins)
{
    private const string Wrong = "The user name or the password is wrong.";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var next = LocalPath.Of(request.Request.Query["next"]);
        if (request.User is not null)
        {
            SeeOther.Write(request, next);
            return null;
        }

        await SendAsync(request, next, user: null, fault: null);
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        var user = fields.GetValueOrDefault("user") ?? string.Empty;
        var next = LocalPath.Of(fields.GetValueOrDefault("next"));
        var line = sessions.FindLine(user);
        var result = await passwords.AuthenticateAsync(new BasicCredentials(user, fields.GetValueOrDefault("password") ?? string.Empty), request);
        if (result.Outcome == AuthenticationOutcome.Busy)
        {
            request.Refusal = "busy";
            return RegistryErrorCode.TooManyRequests;
        }

        if (result.Fault is { } fault)
        {
            failedLogins.Report(request.Http.Connection.RemoteIpAddress, fault);
        }

        if (result.Fault is not null || line is null)
        {
            request.Refusal = "bad_credentials";
            request.Response.StatusCode = StatusCodes.Status403Forbidden;
            await SendAsync(request, next, user, Wrong);
            return null;
        }

        // A session that the browser had, whoever has set it, does not become that of the user.
        await EndAsync(request);
        WebCookies.Set(request.Http, WebCookies.Session, await sessions.BeginAsync(user, line), WebSessions.LongestTime);
        WebCookies.Remove(request.Http, WebCookies.Form);
        SeeOther.Write(request, next);
        return null;
    }

    public async Task<RegistryError?> LogOutAsync(RequestContext request)
    {
        if ((await forms.ReadAsync(request)).Error is { } invalid)
        {
            return invalid;
        }

        await EndAsync(request);
        WebCookies.Remove(request.Http, WebCookies.Session);
        SeeOther.Write(request, "/");
        return null;
    }

    private async Task EndAsync(RequestContext request)
    {
        if (WebCookies.Read(request.Request, WebCookies.Session) is { } secret)
        {
            await sessions.EndAsync(secret);
        }
    }

    private Task SendAsync(RequestContext request, string next, string? user, string? fault)
    {
        // Sets a cookie, so before the page begins.
        var token = FormTokens.For(request);
        return frame.SendAsync(request, new PageHead("Log in", Section.None), output =>
        {
            var html = output.Html;
            html.Write($"""<div class="title"><h1>Log in</h1></div>""");
            if (fault is not null)
            {
                html.Write($"""<div class="fault" role="alert"><p>{fault}</p></div>""");
            }

            html.Write(
                $"""
                <form class="narrow" method="post" action="/login">
                <input type="hidden" name="token" value="{token}"><input type="hidden" name="next" value="{next}">
                <label>User name<input name="user" value="{user}" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
                <label>Password<input name="password" type="password" autocomplete="current-password" required></label>
                <div class="actions"><button class="main">Log in</button></div>
                </form>
                <p class="quiet">The same user name and password as for <code>docker login</code>.</p>

                """);
            return ValueTask.CompletedTask;
        });
    }
}
